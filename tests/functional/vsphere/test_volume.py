"""A disk is found by its file, however the name of its datastore is written."""

import pytest
from pyVmomi import vim

from polyvisor.vsphere.session import Session
from polyvisor.vsphere.task import wait_for_task
from polyvisor.vsphere.volume import find_file
from tests.functional.conftest import StartVCenter, VCenter
from tests.functional.vsphere.conftest import named


@pytest.fixture(scope="module")
def brownfield(module_vcenter: StartVCenter) -> VCenter:
    """A vCenter without VMs: the simulator renames no datastore that has some."""
    return module_vcenter("-vms", "0")


@pytest.fixture
def disk(session: Session) -> str:
    """The path of a disk, as vCenter writes it, on a datastore called "fast/ssd 50%"."""
    path = "[fast%2fssd 50%25] data.vmdk"
    store = named(session, vim.Datastore, "cluster1-ssd")
    wait_for_task(session, session.call(store.Rename_Task, "fast/ssd 50%"), timeout=20)
    spec = vim.VirtualDiskManager.FileBackedVirtualDiskSpec(
        diskType="thin", adapterType="lsiLogic", capacityKb=1024
    )
    manager, center = session.content.virtualDiskManager, named(session, vim.Datacenter, "dc1")
    wait_for_task(session, session.call(manager.CreateVirtualDisk_Task, path, center, spec), timeout=20)
    return path


def test_plain_or_escaped(session: Session, disk: str) -> None:
    for written in (disk, "[fast/ssd 50%] data.vmdk"):
        # What uses the file is found by the path that vCenter writes.
        assert find_file(session, written).disk.file == disk
