"""Snapshots in a real inventory: what is told of them, and what is done to them."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from pyVmomi import vim

from polyvisor.vsphere.faults import LimitReached, NotFound
from polyvisor.vsphere.session import Session, moref
from polyvisor.vsphere.snapshot import (
    NewSnapshot,
    Snapshot,
    Snapshots,
    read_snapshots,
    read_snapshots_of,
    start_create,
    start_remove,
    start_revert,
)
from polyvisor.vsphere.task import wait_for_task
from tests.functional.vsphere.conftest import named

MIB = 2**20


@pytest.fixture
def vm(session: Session) -> Iterator[Any]:
    """A VM that is off, and has no snapshots."""
    source = named(session, vim.VirtualMachine, "app-001")
    folder = session.call(lambda: source.parent)
    spec = vim.vm.CloneSpec(location=vim.vm.RelocateSpec(), powerOn=False, template=False)
    vm: Any = done(session, session.call(source.CloneVM_Task, folder, "snapped", spec))
    yield vm
    if session.call(lambda: vm.runtime.powerState) != "poweredOff":
        done(session, session.call(vm.PowerOffVM_Task))
    done(session, session.call(vm.Destroy_Task))


def done(session: Session, task: Any) -> Any:
    return wait_for_task(session, task, timeout=60)


def take(session: Session, vm: Any, name: str, *, memory: bool = False, description: str = "") -> Snapshot:
    new = NewSnapshot(name, description, memory=memory, quiesce=False)
    made = done(session, start_create(session, moref(vm), new))
    return next(each for each in read(session, vm).snapshots if each.moref == moref(made))


def read(session: Session, vm: Any) -> Snapshots:
    return read_snapshots(session, moref(vm))


def test_a_vm_without_snapshots(session: Session, vm: Any) -> None:
    found = read(session, vm)
    assert found.snapshots == ()
    assert (found.depth, found.consolidation_needed, found.power_state) == (0, False, "poweredOff")


def test_a_tree(session: Session, vm: Any) -> None:
    root = take(session, vm, "root", description="before all\nsecond line")
    first = take(session, vm, "twin")
    done(session, start_revert(session, root.moref))
    second = take(session, vm, "twin")
    found = read(session, vm)

    assert [(each.name, each.parent) for each in found.snapshots] == [
        ("root", None),
        ("twin", root.id),
        ("twin", root.id),
    ]
    assert found.find(root.id).children == (first.id, second.id)
    assert found.find(root.id).description == "before all\nsecond line"
    assert [each.id for each in found.snapshots if each.current] == [second.id]
    assert found.depth == 2
    assert found.below(root.id) == {root.id, first.id, second.id}
    assert found.below(first.id) == {first.id}
    assert root.created.endswith("Z")
    assert read_snapshots_of(session, str(found.instance_uuid)).snapshots == found.snapshots


def test_ids_are_unique_and_tell_nothing(session: Session, vm: Any) -> None:
    one, other = take(session, vm, "twin"), take(session, vm, "twin")
    assert one.id != other.id
    assert UUID(one.id).version == 5
    assert read(session, vm).find(one.id).moref == one.moref
    with pytest.raises(NotFound, match=one.moref):
        read(session, vm).find(one.moref)


@pytest.mark.parametrize("name", ["a/b", r"a\b", "100%", "%2f", "%252f", "🐘 中文", "x" * 255, "%" * 255])
def test_names_come_back_as_they_were_given(session: Session, vm: Any, name: str) -> None:
    assert take(session, vm, name).name == name


def test_the_guests_memory(session: Session, vm: Any) -> None:
    done(session, session.call(vm.PowerOnVM_Task))
    without = take(session, vm, "disks only")
    with_memory = take(session, vm, "memory", memory=True)
    assert (without.memory, without.state) == (False, "poweredOff")
    assert (with_memory.memory, with_memory.state) == (True, "poweredOn")
    assert without.size_bytes is not None
    assert with_memory.size_bytes is not None
    assert with_memory.size_bytes > without.size_bytes

    done(session, start_revert(session, without.moref))
    assert read(session, vm).power_state == "poweredOff"
    done(session, start_revert(session, with_memory.moref))
    assert read(session, vm).power_state == "poweredOn"


def test_removing_one_keeps_those_below(session: Session, vm: Any) -> None:
    root, middle, leaf = (take(session, vm, name) for name in ("root", "middle", "leaf"))
    done(session, start_remove(session, middle.moref, children=False))
    found = read(session, vm)
    assert [each.id for each in found.snapshots] == [root.id, leaf.id]
    assert found.find(leaf.id).parent == root.id
    done(session, start_remove(session, root.moref, children=True))
    assert read(session, vm).snapshots == ()


def test_a_chain_as_deep_as_vcenter_takes(session: Session, vm: Any) -> None:
    for number in range(32):
        take(session, vm, f"snapshot {number}")
    assert read(session, vm).depth == 32
    with pytest.raises(LimitReached) as refused:
        take(session, vm, "one too many")
    assert refused.value.fault == "TooManySnapshotLevels"


def test_a_snapshot_that_is_gone(session: Session, vm: Any) -> None:
    one = take(session, vm, "one")
    done(session, start_remove(session, one.moref, children=False))
    with pytest.raises(NotFound):
        done(session, start_revert(session, one.moref))


def test_a_vm_that_is_gone(session: Session) -> None:
    with pytest.raises(NotFound, match="vm-999999"):
        read_snapshots(session, "vm-999999")
