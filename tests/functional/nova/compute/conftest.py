"""Nova's programs register its objects before they import what uses them; so each test can run by itself."""

import re
from collections.abc import Generator
from typing import Any

import pytest
from nova import objects

objects.register_all()

LOG = re.compile(r"pythonlogging:''(?:-\d+)?: \{\{\{\n(.*?)^\}\}\}\n+", re.DOTALL | re.MULTILINE)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, Any, Any]:
    """Tell the reason of a failure apart from the log, which testtools puts into one text before it."""
    report = yield
    if report.longrepr and (log := LOG.search(report.longreprtext)):
        report.longrepr = LOG.sub("", report.longreprtext)
        report.sections.append(("Captured log of Nova", log[1]))
    return report
