from typing import Any

import pytest

from polyvisor.cli.openstack.tree import BranchColumn, branches


def item(name: str, parent: str | None) -> dict[str, Any]:
    return {"id": name, "parent": parent}


@pytest.mark.parametrize(
    ("items", "drawn"),
    [
        ([], []),
        ([item("a", None), item("b", None)], ["", ""]),
        ([item("a", None), item("b", "a"), item("c", "b")], ["", "└─ ", "   └─ "]),
        (
            [item("a", None), item("b", "a"), item("c", "b"), item("d", "a"), item("e", None)],
            ["", "├─ ", "│  └─ ", "└─ ", ""],
        ),
    ],
)
def test_branches(items: list[dict[str, Any]], drawn: list[str]) -> None:
    assert list(branches(items)) == drawn


def test_machines_see_the_name_only() -> None:
    column = BranchColumn("before upgrade", "└─ ")
    assert column.human_readable() == "└─ before upgrade"
    assert column.machine_readable() == "before upgrade"
