"""What reverting a VM to a snapshot would do to it beside its disks' content, and how that is put right.

A snapshot holds the whole configuration of the VM: its devices, its size, and the keys by which OpenStack
knows it. All of that comes back with a revert.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pyVmomi import vim

from polyvisor.vsphere.configuration import Config, Connection, Disk, Reading, read_configuration
from polyvisor.vsphere.session import Session
from polyvisor.vsphere.task import wait_for_task


@dataclass(frozen=True, slots=True)
class Obstacle:
    """Why a revert would leave a server that is not what OpenStack takes it for.

    Attributes:
        code: never changes.
        reason: a sentence for the server's owner; names nothing of the infrastructure.
        forcible: whether somebody may want it all the same. Not where a device would come back into a live
            guest that may be another server's by now.
    """

    code: str
    reason: str
    forcible: bool


def obstacles(now: Config, then: Config, *, live: bool) -> list[Obstacle]:
    """Say what stands against reverting a VM.

    Args:
        now: its present configuration.
        then: that of the snapshot.
        live: whether the snapshot would bring the guest back running or suspended, so that no device can be
            put right before the guest sees it.
    """
    return [
        *_disk_obstacles(now, then, live),
        *_nic_obstacles(now, then, live),
        *_size(now, then, live),
    ]


def repairs(found: Reading, wanted: Config) -> Iterator[Any]:
    """Describe how a VM that was reverted becomes what OpenStack takes it for again.

    Who it is comes first: without that, nothing else finds the VM. Devices that the VM did not have before
    leave it; their files stay, as they may be another server's.

    Args:
        found: what the revert has made of it.
        wanted: its configuration before the revert.

    Yields:
        No, one or two vim.vm.ConfigSpec, to be applied one after the other.
    """
    if identity := _identity(found.now, wanted):
        yield identity
    resize = found.power_state == "poweredOff" and _hardware(found.now) != _hardware(wanted)
    if (changes := list(_device_changes(found, wanted))) or resize:
        spec = vim.vm.ConfigSpec(deviceChange=changes)
        if resize:
            spec.numCPUs, spec.numCoresPerSocket, spec.memoryMB = _hardware(wanted)
        yield spec


def put_right(session: Session, vm: str, wanted: Config, *, timeout: float) -> Reading:
    """Make a VM (a moref) that was reverted what OpenStack takes it for; does nothing if it is that already.

    Args:
        wanted: its configuration before the revert.
        timeout: seconds for each of the two changes that may be needed.

    Returns:
        What was found, before it was put right.

    Raises:
        VSphereError: as `wait_for_task` does.
    """
    found = read_configuration(session, vm)
    managed = session.managed_object(vim.VirtualMachine, vm)
    for spec in repairs(found, wanted):
        wait_for_task(session, session.call(managed.ReconfigVM_Task, spec), timeout=timeout)
    return found


def _identity(now: Config, wanted: Config) -> Any:
    spec = vim.vm.ConfigSpec()
    if now.instance_uuid != wanted.instance_uuid:
        spec.instanceUuid = wanted.instance_uuid
    if now.managed_by != wanted.managed_by:
        extension, kind = wanted.managed_by or ("", "")
        spec.managedBy = vim.ext.ManagedByInfo(extensionKey=extension, type=kind)
    spec.extraConfig = [
        # An empty value removes a key.
        vim.option.OptionValue(key=key, value=wanted.options.get(key, ""))
        for key in sorted(now.options.keys() | wanted.options.keys())
        if now.options.get(key) != wanted.options.get(key)
    ]
    return spec if spec.instanceUuid or spec.managedBy or spec.extraConfig else None


def _disk_obstacles(now: Config, then: Config, live: bool) -> Iterator[Obstacle]:
    for disk in _missing(now.disks, then.disks):
        what = f"Volume {disk.volume}" if disk.volume else f"Disk '{disk.label}'"
        yield Obstacle(
            "disk_attached_since", f"{what} was attached after the snapshot. Detach it first.", forcible=True
        )
    for disk in _missing(then.disks, now.disks):
        what = f"Volume {disk.volume}" if disk.volume else f"Disk '{disk.label}'"
        yield Obstacle(
            "disk_detached_since",
            f"{what} was part of the server then and has been detached since. Attach it again first, or "
            "delete the snapshot.",
            forcible=not live,
        )


def _nic_obstacles(now: Config, then: Config, live: bool) -> Iterator[Obstacle]:
    for mac in sorted(now.nics.keys() - then.nics.keys()):
        reason = f"The port with MAC address {mac} was attached after the snapshot. Detach it first."
        yield Obstacle("port_attached_since", reason, forcible=True)
    for mac in sorted(then.nics.keys() - now.nics.keys()):
        yield Obstacle(
            "port_gone",
            f"The port with MAC address {mac}, which the server had then, is gone. Delete the snapshot.",
            forcible=not live,
        )
    for mac in sorted(now.nics.keys() & then.nics.keys()):
        if live and now.nics[mac].connection != then.nics[mac].connection:
            yield Obstacle(
                "network_moved",
                f"The network of the port with MAC address {mac} is elsewhere in vCenter since, and the "
                "snapshot would start the guest on the old one. Delete the snapshot.",
                forcible=False,
            )


def _size(now: Config, then: Config, live: bool) -> Iterator[Obstacle]:
    if live and _hardware(now) != _hardware(then):
        yield Obstacle(
            "resized_since",
            f"The server was resized after the snapshot, which would start it with {then.cpus} CPUs and "
            f"{then.memory_mb} MB. Resize it back first.",
            forcible=True,
        )


def _hardware(config: Config) -> tuple[int, int, int]:
    return config.cpus, config.cores_per_socket, config.memory_mb


def _missing(some: dict[str, Disk], others: dict[str, Disk]) -> list[Disk]:
    return [disk for identity, disk in some.items() if identity not in others]


def _device_changes(found: Reading, wanted: Config) -> Iterator[Any]:
    now = found.now
    gone = {disk.key for disk in _missing(now.disks, wanted.disks)}
    gone |= {nic.key for mac, nic in now.nics.items() if mac not in wanted.nics}
    moved = {
        nic.key: wanted.nics[mac].connection
        for mac, nic in now.nics.items()
        if mac in wanted.nics and wanted.nics[mac].connection != nic.connection
    }
    for device in found.devices:
        if device.key in gone:
            yield vim.vm.device.VirtualDeviceSpec(operation="remove", device=device)
        elif device.key in moved:
            device.backing = _backing(moved[device.key])
            yield vim.vm.device.VirtualDeviceSpec(operation="edit", device=device)


def _backing(connection: Connection) -> Any:
    card = vim.vm.device.VirtualEthernetCard
    if connection.kind == "distributed":
        port = vim.dvs.PortConnection(switchUuid=connection.switch, portgroupKey=connection.group)
        return card.DistributedVirtualPortBackingInfo(port=port)
    if connection.kind == "opaque":
        return card.OpaqueNetworkBackingInfo(
            opaqueNetworkType=connection.switch, opaqueNetworkId=connection.group
        )
    return card.NetworkBackingInfo(deviceName=connection.group)
