"""What the VMs of servers are called."""

import pytest

from polyvisor.nova.compute.naming import vm_name
from polyvisor.vsphere.naming import unescape

SERVER = "5c0ffee5-0000-4000-8000-000000000001"


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("web", "web"),
        ("a/b\\c 100%", "a/b\\c 100%"),
        ("%2f", "%2f"),
        ("x" * 255, "x" * 41),
        ("%" * 255, "%" * 13),
        ("x" * 39 + "/" + "x" * 200, "x" * 39),
        ("中" * 255, "中" * 41),
    ],
)
def test_as_much_as_there_is_room_for(name: str, shown: str) -> None:
    given = vm_name(name, SERVER)
    assert unescape(given) == f"{shown} ({SERVER})"
    assert len(given) <= 80


def test_no_name() -> None:
    assert vm_name(None, SERVER) == SERVER
