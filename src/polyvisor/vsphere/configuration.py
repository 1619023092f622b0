"""The part of a VM's configuration that others rely on: who it is, and what it is made of.

A snapshot has one too (vSphere Web Services API Reference, VirtualMachineSnapshot.config).
"""

from dataclasses import dataclass
from typing import Any, Final, Self

from pyVmomi import vim

from polyvisor.vsphere.collector import merged_filter, object_filter
from polyvisor.vsphere.faults import NotFound
from polyvisor.vsphere.inventory import Properties, retrieve
from polyvisor.vsphere.session import Session, moref

OURS: Final = ("nvp.", "volume-", "RemoteDisplay.vnc.", "polyvisor.")
"""How the keys of extraConfig begin by which Nova, and we, know a VM and its devices."""
_VOLUME: Final = "volume-"

_PROPERTIES: Final = (
    "config.extraConfig",
    "config.hardware.device",
    "config.hardware.memoryMB",
    "config.hardware.numCPU",
    "config.hardware.numCoresPerSocket",
    "config.instanceUuid",
    "config.managedBy",
)


@dataclass(frozen=True, slots=True)
class Connection:
    """Where a NIC is connected: a standard port group, a distributed one, or an opaque network.

    Attributes:
        kind: "standard", "distributed", "opaque" or "other".
        switch: UUID of the distributed switch, or type of the opaque network.
        group: name, key or id of the port group or network.
    """

    kind: str
    switch: str
    group: str


@dataclass(frozen=True, slots=True)
class Nic:
    """A network adapter; `key` is that of the device within its VM."""

    key: int
    label: str
    connection: Connection


@dataclass(frozen=True, slots=True)
class Disk:
    """A virtual disk; `volume` is the Cinder volume that it is, if it is one."""

    key: int
    label: str
    volume: str | None


@dataclass(frozen=True, slots=True)
class Config:
    """The part of a VM's configuration that somebody outside vCenter relies on. JSON-able.

    Attributes:
        managed_by: extension key and type.
        options: of extraConfig, those that are `OURS`.
        disks: by what is theirs for life: the disk's UUID, which snapshots and moves leave as it is.
        nics: by MAC address.
    """

    instance_uuid: str | None
    managed_by: tuple[str, str] | None
    options: dict[str, str]
    cpus: int
    cores_per_socket: int
    memory_mb: int
    disks: dict[str, Disk]
    nics: dict[str, Nic]

    @classmethod
    def revive(cls, kept: dict[str, Any]) -> Self:
        """Make it again from what `dataclasses.asdict` made of it, also by way of JSON."""
        nics = {
            mac: nic | {"connection": Connection(**nic["connection"])} for mac, nic in kept["nics"].items()
        }
        return cls(
            **kept
            | {
                "managed_by": tuple(kept["managed_by"]) if kept["managed_by"] else None,
                "disks": {identity: Disk(**disk) for identity, disk in kept["disks"].items()},
                "nics": {mac: Nic(**nic) for mac, nic in nics.items()},
            }
        )


@dataclass(frozen=True, slots=True)
class Reading:
    """What was read of a VM at one moment.

    Attributes:
        then: the configuration in each snapshot that was asked for, by the snapshot's moref.
        power_state: "poweredOn", "poweredOff" or "suspended".
        host: moref of the ESXi host.
        devices: the VM's present devices, as vCenter gave them.
    """

    now: Config
    then: dict[str, Config]
    power_state: str
    host: str | None
    devices: tuple[Any, ...]


def read_configuration(session: Session, vm: str, *snapshots: str) -> Reading:
    """Read the configuration of a VM, and that in some of its snapshots, in one call.

    Args:
        vm: moref.
        snapshots: morefs.

    Raises:
        NotFound: there is no such VM or snapshot, or not any more.
        VSphereError: as `Session.call` does.
    """
    managed = session.managed_object(vim.VirtualMachine, vm)
    filters = [object_filter(managed, (*_PROPERTIES, "runtime.host", "runtime.powerState"))]
    filters += [
        object_filter(session.managed_object(vim.vm.Snapshot, snapshot), _PROPERTIES)
        for snapshot in snapshots
    ]
    found = retrieve(session, merged_filter(*filters))
    for wanted in (vm, *snapshots):
        if "config.hardware.device" not in found.get(wanted, {}):
            raise NotFound(f"{session.endpoint}: there is no {wanted} that can be read, or not any more")
    host = found[vm].get("runtime.host")
    return Reading(
        now=_config(found[vm]),
        then={snapshot: _config(found[snapshot]) for snapshot in snapshots},
        power_state=str(found[vm]["runtime.powerState"]),
        host=moref(host) if host is not None else None,
        devices=tuple(found[vm]["config.hardware.device"]),
    )


def _config(props: Properties) -> Config:
    managed_by = props.get("config.managedBy")
    options = {option.key: str(option.value) for option in props.get("config.extraConfig", ())}
    volumes = {uuid: key.removeprefix(_VOLUME) for key, uuid in options.items() if key.startswith(_VOLUME)}
    devices = props["config.hardware.device"]
    return Config(
        instance_uuid=props.get("config.instanceUuid"),
        managed_by=(managed_by.extensionKey, managed_by.type) if managed_by else None,
        options={key: value for key, value in options.items() if key.startswith(OURS) and value},
        cpus=props["config.hardware.numCPU"],
        cores_per_socket=props.get("config.hardware.numCoresPerSocket") or 1,
        memory_mb=props["config.hardware.memoryMB"],
        disks={
            identity: Disk(device.key, _label(device), volumes.get(identity))
            for device in devices
            if isinstance(device, vim.vm.device.VirtualDisk) and (identity := _identity(device.backing))
        },
        nics={
            device.macAddress.lower(): Nic(device.key, _label(device), _connection(device.backing))
            for device in devices
            if isinstance(device, vim.vm.device.VirtualEthernetCard) and device.macAddress
        },
    )


def _label(device: Any) -> str:
    return str(device.deviceInfo.label) if device.deviceInfo else str(device.key)


def _identity(backing: Any) -> str:
    """Give the disk's UUID, or the file at the root of its chain, which stays while there are snapshots."""
    if uuid := getattr(backing, "uuid", None):
        return str(uuid)
    while (parent := getattr(backing, "parent", None)) is not None:
        backing = parent
    return str(getattr(backing, "fileName", ""))


def _connection(backing: Any) -> Connection:
    card = vim.vm.device.VirtualEthernetCard
    if isinstance(backing, card.DistributedVirtualPortBackingInfo):
        return Connection("distributed", backing.port.switchUuid, backing.port.portgroupKey or "")
    if isinstance(backing, card.OpaqueNetworkBackingInfo):
        return Connection("opaque", backing.opaqueNetworkType, backing.opaqueNetworkId)
    if isinstance(backing, card.NetworkBackingInfo):
        return Connection("standard", "", backing.deviceName)
    return Connection("other", "", type(backing).__name__)
