"""What holds for every test, whatever it imports first."""

import pytest
from oslo_service import backend

# Native threads, as the services run. Whichever of Nova's and Neutron's modules is imported first would
# otherwise choose for all tests of the process.
backend.init_backend(backend.BackendType.THREADING)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Show why the tests had failed that were run once more, which pytest-rerunfailures keeps to itself."""
    for report in terminalreporter.stats.get("rerun", []):
        terminalreporter.section(f"first run of {report.nodeid}")
        terminalreporter.line(report.longreprtext)
