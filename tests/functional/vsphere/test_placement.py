"""Where VMs are, and whether they can be where someone wants them, on a real inventory."""

from typing import Any

import pytest
from pyVmomi import vim

from polyvisor.vsphere.datastore import list_datastores
from polyvisor.vsphere.faults import NotFound
from polyvisor.vsphere.host import list_hosts
from polyvisor.vsphere.inventory import collect
from polyvisor.vsphere.placement import Reference, read_placement
from polyvisor.vsphere.refusal import PlacementRefused
from polyvisor.vsphere.session import Session, moref
from polyvisor.vsphere.task import wait_for_task
from polyvisor.vsphere.wish import Target, Wish, resolve
from tests.functional.vsphere.conftest import cluster_moref, named

GIB = 1024**3


@pytest.fixture
def vm(session: Session) -> Any:
    """A VM that is made on a named host and datastore, with a second disk on another datastore."""
    host, home, other = (
        named(session, vim.HostSystem, "esx12"),
        named(session, vim.Datastore, "esx12-local"),
        named(session, vim.Datastore, "shared2"),
    )
    source = named(session, vim.VirtualMachine, "app-001")
    pool = session.call(lambda: host.parent.resourcePool)
    folder = session.call(lambda: source.parent)
    spec = vim.vm.CloneSpec(
        location=vim.vm.RelocateSpec(host=host, datastore=home, pool=pool), powerOn=False, template=False
    )
    vm: Any = wait_for_task(session, session.call(source.CloneVM_Task, folder, "placed", spec), timeout=30)
    add_disk(session, vm, other, "[shared2] placed_data.vmdk")
    yield vm
    wait_for_task(session, session.call(vm.Destroy_Task), timeout=30)


def add_disk(session: Session, vm: Any, datastore: Any, file: str) -> None:
    devices = session.call(lambda: vm.config.hardware.device)
    controller = next(d for d in devices if isinstance(d, vim.vm.device.VirtualSCSIController))
    backing = vim.vm.device.VirtualDisk.FlatVer2BackingInfo(
        fileName=file, datastore=datastore, diskMode="persistent", thinProvisioned=True
    )
    disk = vim.vm.device.VirtualDisk(
        key=-1, controllerKey=controller.key, unitNumber=5, capacityInKB=2 * 1024**2, backing=backing
    )
    change = vim.vm.device.VirtualDeviceSpec(operation="add", fileOperation="create", device=disk)
    spec = vim.vm.ConfigSpec(deviceChange=[change])
    wait_for_task(session, session.call(vm.ReconfigVM_Task, spec), timeout=30)


def test_where_a_vm_is(session: Session, vm: Any) -> None:
    found = read_placement(session, moref(vm))
    assert found.vm == Reference(moref(vm), "placed")
    assert found.host == reference(session, vim.HostSystem, "esx12")
    assert found.cluster == reference(session, vim.ClusterComputeResource, "cluster1")
    assert found.datastore == reference(session, vim.Datastore, "esx12-local")
    assert found.resource_pool == "/dc1/host/cluster1/Resources"
    assert found.folder == "/dc1/vm"
    assert found.vcenter_uuid == session.content.about.instanceUuid


def test_where_its_disks_are(session: Session, vm: Any) -> None:
    found = read_placement(session, moref(vm))
    *_, data = found.disks
    assert len(found.disks) == 2
    assert data.datastore == reference(session, vim.Datastore, "shared2")
    assert data.file == "[shared2] placed_data.vmdk"
    assert data.capacity_bytes == 2 * GIB


def test_a_vm_by_its_instance_uuid(session: Session, vm: Any) -> None:
    uuid = session.call(lambda: vm.config.instanceUuid)
    assert read_placement(session, uuid) == read_placement(session, moref(vm))


@pytest.mark.parametrize("unknown", ["vm-999999", "00000000-0000-4000-8000-000000000000"])
def test_an_unknown_vm(session: Session, unknown: str) -> None:
    with pytest.raises(NotFound, match=unknown):
        read_placement(session, unknown)


def test_every_brownfield_vm_has_a_place(session: Session) -> None:
    for key in collect(session, vim.VirtualMachine, ["name"]):
        found = read_placement(session, key)
        assert found.host
        assert found.cluster
        assert found.datastore
        assert found.disks
        assert all(disk.datastore for disk in found.disks)


def reference(session: Session, kind: type, name: str) -> Reference:
    return Reference(moref(named(session, kind, name)), name)


@pytest.mark.parametrize(
    ("wish", "code"),
    [
        (Wish("esx11", "shared1"), None),
        (Wish("esx11", "esx11-local"), None),
        (Wish("esx11", None), None),
        (Wish(None, "cluster1-ssd"), None),
        (Wish("esx21", "shared1"), "host_not_found"),
        (Wish("esx11", "cluster2-ssd"), "datastore_not_found"),
        (Wish("esx11", "esx12-local"), "host_datastore_not_connected"),
    ],
)
def test_wishes(session: Session, wish: Wish, code: str | None) -> None:
    assert judge(session, wish) == code


def test_wish_for_a_host_in_maintenance(session: Session) -> None:
    esx = named(session, vim.HostSystem, "esx14")
    wait_for_task(session, session.call(esx.EnterMaintenanceMode_Task, 0), timeout=30)
    try:
        assert judge(session, Wish("esx14", "shared1")) == "host_in_maintenance"
        assert judge(session, Wish(None, "esx14-local")) == "no_usable_host"
    finally:
        wait_for_task(session, session.call(esx.ExitMaintenanceMode_Task, 0), timeout=30)


def test_wish_for_more_than_there_is(session: Session) -> None:
    assert judge(session, Wish("esx11", "shared1"), disk_bytes=2**60) == "datastore_too_small"
    assert judge(session, Wish("esx11"), disk_bytes=2**60) == "no_datastore_with_room"


def judge(session: Session, wish: Wish, disk_bytes: int = GIB) -> str | None:
    """Give the code of the refusal by cluster1, or None if it takes the wish."""
    cluster = cluster_moref(session)
    hosts, datastores = list_hosts(session, cluster), list_datastores(session, cluster)
    try:
        target = resolve(wish, hosts, datastores, disk_bytes=disk_bytes)
    except PlacementRefused as refusal:
        return refusal.code
    assert target == Target(
        next((host for host in hosts if host.name == wish.host), None),
        next((store for store in datastores if store.name == wish.datastore), None),
    )
    return None
