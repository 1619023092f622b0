"""What a reference to a disk must look like."""

from typing import Any

import pytest
from cinder import exception

from polyvisor.cinder import reference
from polyvisor.cinder.reference import DiskReference

FILE = "[shared 1] app-001/app-001_1.vmdk"
VM = "52b3b827-1d03-4944-b3c9-db366b75045f"


def test_a_disk_is_named_by_its_file_or_by_its_key_in_its_vm() -> None:
    assert reference.parse({"source-name": FILE}) == DiskReference(vm=None, file=FILE, key=None)
    assert reference.parse({"source-name": FILE, "source-vm": VM}) == DiskReference(VM, FILE, None)
    assert reference.parse({"source-id": "2001", "source-vm": VM}) == DiskReference(VM, None, 2001)
    assert reference.parse({"source-id": 2001, "source-vm": "vm-42"}) == DiskReference("vm-42", None, 2001)


@pytest.mark.parametrize(
    ("ref", "reason"),
    [
        ({}, "give the disk as source-name"),
        ({"source-vm": VM}, "give the disk as source-name"),
        ({"source-id": "2001"}, "give the disk as source-name"),
        ({"source-id": "2001", "source-name": FILE, "source-vm": VM}, "give the disk as source-name"),
        ({"source-id": "disk", "source-vm": VM}, "disk is no key of a disk"),
        ({"source-name": "app-001.vmdk"}, "app-001.vmdk is no path of a disk"),
        ({"source-name": "[shared1] app-001/app-001.vmx"}, "is no path of a disk"),
        ({"source-name": f"{FILE}@/dc1/vm/app-001"}, "is no path of a disk"),
        ({"source-name": "[a] ../b.vmdk"}, "is no path of a disk"),
        ({"source-name": FILE, "name": "app"}, "name is not known"),
    ],
)
def test_anything_else_is_refused_with_the_way_out(ref: dict[str, Any], reason: str) -> None:
    with pytest.raises(exception.ManageExistingInvalidReference, match="source-name") as refusal:
        reference.parse(ref)
    assert reason in str(refusal.value)
