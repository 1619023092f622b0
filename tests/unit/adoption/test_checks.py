"""What holds for all checks."""

from pathlib import Path

import pytest

from polyvisor.adoption import checks
from tests.unit.adoption.builders import examine, vm

TWINS = Path(__file__).parent / "checks"


@pytest.mark.parametrize("check_id", checks.registry())
def test_each_has_a_twin_test_and_tells_what_and_how(check_id: str) -> None:
    check = checks.registry()[check_id]
    assert (TWINS / f"test_{check_id.replace('-', '_')}.py").exists()
    assert check.severity in {"blocks", "decision", "note"}
    assert check.title
    assert check.way_out.endswith(".")


@pytest.mark.parametrize("check_id", checks.registry())
def test_none_finds_anything_about_a_plain_vm(check_id: str) -> None:
    assert examine(check_id, vm(1)) == []
