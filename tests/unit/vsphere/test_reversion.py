"""What stands against a revert, and what is put right after it."""

import json
from dataclasses import asdict, replace
from typing import Any

import pytest
from pyVmomi import vim

from polyvisor.vsphere.configuration import Config, Connection, Disk, Nic, Reading
from polyvisor.vsphere.reversion import obstacles, repairs

OLD, NEW = Connection("standard", "", "VLAN 10"), Connection("distributed", "50 2c", "dvportgroup-9")
ROOT, DATA = Disk(2000, "Hard disk 1", None), Disk(2001, "Hard disk 2", "f3b8a1")
NOW = Config(
    instance_uuid="server",
    managed_by=("org.openstack.compute", "instance"),
    options={"nvp.vm-uuid": "server", "nvp.iface-id.0": "port"},
    cpus=2,
    cores_per_socket=1,
    memory_mb=2048,
    disks={"6000-root": ROOT},
    nics={"fa:16:3e:00:00:01": Nic(4000, "Network adapter 1", OLD)},
)
WITH_VOLUME = replace(NOW, disks={**NOW.disks, "6000-data": DATA})
WITH_PORT = replace(NOW, nics={**NOW.nics, "fa:16:3e:00:00:02": Nic(4001, "Network adapter 2", OLD)})
MOVED = replace(NOW, nics={"fa:16:3e:00:00:01": Nic(4000, "Network adapter 1", NEW)})
BEFORE_ADOPTION = replace(NOW, instance_uuid="vcenter", managed_by=None, options={})


@pytest.mark.parametrize(
    ("now", "then", "live", "found"),
    [
        (NOW, NOW, True, {}),
        (NOW, BEFORE_ADOPTION, True, {}),
        (WITH_VOLUME, NOW, False, {"disk_attached_since": True}),
        (WITH_VOLUME, NOW, True, {"disk_attached_since": True}),
        (NOW, WITH_VOLUME, False, {"disk_detached_since": True}),
        (NOW, WITH_VOLUME, True, {"disk_detached_since": False}),
        (WITH_PORT, NOW, True, {"port_attached_since": True}),
        (NOW, WITH_PORT, False, {"port_gone": True}),
        (NOW, WITH_PORT, True, {"port_gone": False}),
        (MOVED, NOW, False, {}),
        (MOVED, NOW, True, {"network_moved": False}),
        (replace(NOW, cpus=4), NOW, False, {}),
        (replace(NOW, cpus=4), NOW, True, {"resized_since": True}),
    ],
)
def test_what_stands_against_it(now: Config, then: Config, live: bool, found: dict[str, bool]) -> None:
    against = obstacles(now, then, live=live)
    assert {each.code: each.forcible for each in against} == found
    ways_out = (" first.", "elete the snapshot.")
    assert all(each.reason.endswith(ways_out) for each in against)


def test_a_reason_names_the_volume_and_the_way_out() -> None:
    [obstacle] = obstacles(WITH_VOLUME, NOW, live=False)
    assert obstacle.reason == "Volume f3b8a1 was attached after the snapshot. Detach it first."


def test_a_configuration_survives_being_kept_as_json() -> None:
    assert Config.revive(json.loads(json.dumps(asdict(WITH_VOLUME)))) == WITH_VOLUME
    assert Config.revive(json.loads(json.dumps(asdict(BEFORE_ADOPTION)))) == BEFORE_ADOPTION


def reading(now: Config, power_state: str = "poweredOff") -> Reading:
    """Give what vCenter would say of a VM with this configuration."""
    disks = [vim.vm.device.VirtualDisk(key=disk.key) for disk in now.disks.values()]
    nics = [
        vim.vm.device.VirtualVmxnet3(key=nic.key, macAddress=mac, deviceInfo=vim.Description(label=nic.label))
        for mac, nic in now.nics.items()
    ]
    return Reading(now, {}, power_state, None, (*disks, *nics))


def test_nothing_to_put_right() -> None:
    assert not list(repairs(reading(NOW), NOW))
    assert not list(repairs(reading(NOW), WITH_VOLUME))


def test_the_server_gets_its_identity_back() -> None:
    [spec] = repairs(reading(BEFORE_ADOPTION, "poweredOn"), NOW)
    assert spec.instanceUuid == "server"
    assert (spec.managedBy.extensionKey, spec.managedBy.type) == NOW.managed_by
    assert {option.key: option.value for option in spec.extraConfig} == NOW.options
    assert not spec.deviceChange


def test_keys_that_the_server_no_longer_has_go() -> None:
    stale = replace(NOW, options={**NOW.options, "volume-f3b8a1": "6000-data"})
    [spec] = repairs(reading(stale), NOW)
    assert [(option.key, option.value) for option in spec.extraConfig] == [("volume-f3b8a1", "")]


def test_the_size_is_put_right_where_the_guest_is_off() -> None:
    wanted = replace(NOW, cpus=8, memory_mb=4096)
    [spec] = repairs(reading(NOW), wanted)
    assert (spec.numCPUs, spec.numCoresPerSocket, spec.memoryMB) == (8, 1, 4096)
    assert not list(repairs(reading(NOW, "poweredOn"), wanted))


@pytest.mark.parametrize(("reverted", "key"), [(WITH_VOLUME, 2001), (WITH_PORT, 4001)])
def test_a_device_that_comes_back_leaves_again_with_its_file(reverted: Config, key: int) -> None:
    [spec] = repairs(reading(reverted), NOW)
    [change] = spec.deviceChange
    assert (change.operation, change.device.key, change.fileOperation) == ("remove", key, None)


def test_who_it_is_comes_first() -> None:
    identity, devices = repairs(reading(replace(WITH_VOLUME, instance_uuid="vcenter")), NOW)
    assert identity.instanceUuid == "server"
    assert not identity.deviceChange
    assert devices.deviceChange
    assert devices.instanceUuid is None


def test_a_nic_returns_to_the_network_where_it_was() -> None:
    [spec] = repairs(reading(NOW), MOVED)
    [change] = spec.deviceChange
    assert change.operation == "edit"
    assert isinstance(change.device, vim.vm.device.VirtualVmxnet3)
    assert connected_to(change.device) == ("50 2c", "dvportgroup-9")
    [spec] = repairs(reading(MOVED), NOW)
    assert spec.deviceChange[0].device.backing.deviceName == "VLAN 10"


def connected_to(device: Any) -> tuple[str, str]:
    return device.backing.port.switchUuid, device.backing.port.portgroupKey
