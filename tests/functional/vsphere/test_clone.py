"""A clone has the data of its source and nothing of its identity."""

from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest
from pyVmomi import vim

from polyvisor.vsphere import faults
from polyvisor.vsphere.clone import Destination, Identity, Order, Shape, start_clone
from polyvisor.vsphere.clone_source import Source, read_source
from polyvisor.vsphere.inventory import collect
from polyvisor.vsphere.nic import Nic
from polyvisor.vsphere.session import Session, moref
from polyvisor.vsphere.task import wait_for_task
from tests.functional.vsphere.conftest import named

SOURCE = "app-003"


def reconfigure(session: Session, vm: Any, **changes: Any) -> None:
    task = session.call(vm.ReconfigVM_Task, vim.vm.ConfigSpec(**changes))
    wait_for_task(session, task, timeout=30)


def config_of(session: Session, key: str) -> Any:
    return session.call(lambda: session.managed_object(vim.VirtualMachine, key).config)


def cards(config: Any) -> list[Any]:
    return [card for card in config.hardware.device if isinstance(card, vim.vm.device.VirtualEthernetCard)]


@pytest.fixture
def source(session: Session) -> Source:
    """A VM as Nova has them, with marks of its own."""
    vm = named(session, vim.VirtualMachine, SOURCE)
    uuid = str(uuid4())
    marks = {"nvp.vm-uuid": uuid, "nvp.iface-id.0": "port", "guestinfo.userdata": "x", "machine.id": "ip"}
    reconfigure(
        session,
        vm,
        instanceUuid=uuid,
        extraConfig=[vim.option.OptionValue(key=key, value=value) for key, value in marks.items()],
    )
    return read_source(session, uuid)


@pytest.fixture
def order(session: Session, source: Source) -> Order:
    """The order for a clone with one NIC, beside its source."""
    vm: Any = session.managed_object(vim.VirtualMachine, source.vm)
    uuid = str(uuid4())
    pool = session.call(lambda: vm.resourcePool)
    return Order(
        Identity(uuid, uuid, "made by a test", ("org.openstack.compute", "instance"), {"nvp.vm-uuid": uuid}),
        Shape(2, 256),
        [Nic("fa:16:3e:00:00:01", "VM Network")],
        Destination(
            host=moref(session.call(lambda: vm.runtime.host)),
            datastore=min(source.datastores),
            pool=moref(pool),
            folder=moref(session.call(lambda: vm.parent)),
        ),
    )


def clone(session: Session, source: Source, order: Order) -> str:
    return moref(wait_for_task(session, start_clone(session, source, order), timeout=60))


def test_new_identity_same_data(session: Session, source: Source, order: Order) -> None:
    before = config_of(session, source.vm)
    key = clone(session, source, order)

    config = config_of(session, key)
    uuid = order.identity.uuid
    options = {option.key: option.value for option in config.extraConfig}
    assert (config.instanceUuid, config.managedBy.extensionKey) == (uuid, "org.openstack.compute")
    assert (config.hardware.numCPU, config.hardware.memoryMB) == (2, 256)
    assert options["nvp.vm-uuid"] == uuid
    assert not options.keys() & {"nvp.iface-id.0", "guestinfo.userdata", "machine.id"}
    assert [card.macAddress for card in cards(config)] == ["fa:16:3e:00:00:01"]
    # The guest finds it where it was.
    assert cards(config)[0].key == cards(before)[0].key

    again = read_source(session, uuid)
    assert again.disk_bytes == source.disk_bytes
    assert again.folder.endswith(f"] {uuid}")
    assert config_of(session, source.vm).instanceUuid == before.instanceUuid
    assert [card.macAddress for card in cards(config_of(session, source.vm))] == [
        card.macAddress for card in cards(before)
    ]
    assert (
        session.call(lambda: session.managed_object(vim.VirtualMachine, key).runtime.powerState)
        == "poweredOff"
    )


def test_more_and_fewer_nics(session: Session, source: Source, order: Order) -> None:
    macs = [f"fa:16:3e:00:01:{number:02x}" for number in range(3)]
    many = clone(session, source, replace(order, nics=[Nic(mac, "VM Network") for mac in macs]))
    assert [card.macAddress for card in cards(config_of(session, many))] == macs

    name = str(uuid4())
    none = clone(
        session, source, replace(order, nics=[], identity=replace(order.identity, name=name, uuid=name))
    )
    assert cards(config_of(session, none)) == []


def test_volumes_stay_with_their_server(session: Session, source: Source, order: Order) -> None:
    vm: Any = session.managed_object(vim.VirtualMachine, source.vm)
    disk: Any = next(each for each in source.devices if isinstance(each, vim.vm.device.VirtualDisk))
    option = vim.option.OptionValue(key=f"volume-{uuid4()}", value=disk.backing.uuid)
    reconfigure(session, vm, extraConfig=[option])
    try:
        with_volume = read_source(session, config_of(session, source.vm).instanceUuid)
        assert [volume.key for volume in with_volume.volumes.values()] == [disk.key]
        assert with_volume.disk_bytes == source.disk_bytes - disk.capacityInKB * 1024

        key = clone(session, with_volume, order)

        config = config_of(session, key)
        kept = [each for each in config.hardware.device if isinstance(each, vim.vm.device.VirtualDisk)]
        total = sum(1 for each in source.devices if isinstance(each, vim.vm.device.VirtualDisk))
        assert len(kept) == total - 1
        assert not any(each.key.startswith("volume-") for each in config.extraConfig)

        name = str(uuid4())
        other = replace(order.identity, name=name, uuid=name)
        key = clone(session, with_volume, replace(order, identity=other, volumes=frozenset({disk.key})))
        config = config_of(session, key)
        [copy] = [each for each in config.hardware.device if each.key == disk.key]
        assert copy.capacityInKB == disk.capacityInKB
        assert copy.backing.fileName != disk.backing.fileName
        assert not any(each.key.startswith("volume-") for each in config.extraConfig)
    finally:
        reconfigure(session, vm, extraConfig=[vim.option.OptionValue(key=option.key, value="")])


def test_only_a_snapshot_is_cloned_linked(session: Session, source: Source, order: Order) -> None:
    with pytest.raises(faults.InvalidInput, match="snapshot"):
        start_clone(session, source, replace(order, linked=True))


def test_unknown_source(session: Session) -> None:
    with pytest.raises(faults.NotFound):
        read_source(session, str(uuid4()))


def test_a_failed_clone_leaves_nothing(session: Session, source: Source, order: Order) -> None:
    before = collect(session, vim.VirtualMachine, ["name"])
    nowhere = replace(order, nics=[Nic("fa:16:3e:00:00:09", "no such network")])
    with pytest.raises(faults.VSphereError):
        clone(session, source, nowhere)
    assert collect(session, vim.VirtualMachine, ["name"]).keys() == before.keys()
