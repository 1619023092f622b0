"""What is cloned: a VM, or a snapshot of one, as far as a clone needs to know it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from pyVmomi import vim

from polyvisor.vsphere.collector import object_filter
from polyvisor.vsphere.faults import NotFound
from polyvisor.vsphere.inventory import Properties, find_vm, retrieve_all
from polyvisor.vsphere.session import Session, moref

_STATE: Final = (
    "config.extraConfig",
    "config.guestId",
    "config.hardware.device",
    "config.tools.toolsVersion",
)
_VM: Final = (
    *_STATE,
    "config.files.vmPathName",
    "config.instanceUuid",
    "guest.toolsVersionStatus2",
    "recentTask",
)
_VOLUME: Final = "volume-"

Guest = Literal["linux", "windows", "other"]


@dataclass(frozen=True, slots=True)
class Volume:
    """A disk that belongs to Cinder: key of its device, and capacity."""

    key: int
    capacity_bytes: int


@dataclass(frozen=True, slots=True)
class Source:
    """What a VM, or a snapshot of it, has to be known of to be cloned.

    Attributes:
        vm: moref.
        instance_uuid: of the VM, which for a server of Nova is the server's id.
        snapshot: moref, None for the present state.
        folder: of its files, for example "[shared1] vm".
        guest: the family of the operating system that it is configured for.
        tools: whether VMware Tools are, or were, installed in the guest.
        disk_bytes: capacity of the disks that are the VM's own.
        datastores: morefs of those on which these disks are, parents included.
        disks: keys and files of its disks, without those of Cinder.
        tasks: morefs of those of the last minutes.
        volumes: its disks that are volumes of Cinder, by the ids of these.
    """

    vm: str
    instance_uuid: str
    snapshot: str | None
    folder: str
    guest: Guest
    tools: bool
    disk_bytes: int
    datastores: frozenset[str]
    disks: Mapping[int, str]
    tasks: Sequence[str]
    volumes: Mapping[str, Volume]
    devices: Sequence[Any] = field(repr=False)
    extra_config: Mapping[str, str] = field(repr=False)


def read_source(session: Session, instance_uuid: str, snapshot: str | None = None) -> Source:
    """Read what is cloned, in two calls.

    Args:
        instance_uuid: of the VM, which for a server of Nova is the server's id.
        snapshot: moref of one of its snapshots.

    Raises:
        NotFound: there is no such VM, or no such snapshot any more.
        InvalidState: several VMs have this instance UUID.
        VSphereError: as `Session.call` does.
    """
    vm = find_vm(session, instance_uuid)
    return source_of(session, retrieve_all(session, source_filters(session, vm, snapshot)), vm, snapshot)


def source_filters(session: Session, vm: str, snapshot: str | None) -> list[Any]:
    """Describe what `source_of` needs to know of a VM, or of a snapshot of it: morefs."""
    filters = [object_filter(session.managed_object(vim.VirtualMachine, vm), _VM)]
    if snapshot is not None:
        filters.append(object_filter(session.managed_object(vim.vm.Snapshot, snapshot), _STATE))
    return filters


def source_of(session: Session, found: Mapping[str, Properties], key: str, snapshot: str | None) -> Source:
    """Take the source out of what was read.

    Raises:
        NotFound: it is gone.
    """
    vm = _of_object(session, found, key)
    state = vm if snapshot is None else _of_object(session, found, snapshot)
    extra = {option.key: str(option.value) for option in state.get("config.extraConfig", ())}
    devices = state["config.hardware.device"]
    volumes = volume_keys(devices, extra)
    disks = list(of_kind(devices, vim.vm.device.VirtualDisk))
    own = [disk for disk in disks if disk.key not in volumes]
    return Source(
        vm=key,
        instance_uuid=str(vm.get("config.instanceUuid", "")),
        snapshot=snapshot,
        folder=vm["config.files.vmPathName"].rpartition("/")[0],
        guest=_guest(state.get("config.guestId", "")),
        tools=_has_tools(vm),
        disk_bytes=sum(_capacity(disk) for disk in own),
        datastores=frozenset(_datastores(own)),
        disks={int(disk.key): str(disk.backing.fileName) for disk in own},
        tasks=[moref(task) for task in vm.get("recentTask", ())],
        volumes=dict(_volumes(disks, extra)),
        devices=devices,
        extra_config=extra,
    )


def of_kind(devices: Sequence[Any], kind: type) -> Iterator[Any]:
    """Pick the devices of one kind."""
    return (device for device in devices if isinstance(device, kind))


def volume_keys(devices: Sequence[Any], extra_config: Mapping[str, str]) -> frozenset[int]:
    """Find the disks that are volumes: first class disks, and those of which Nova keeps the UUID."""
    uuids = {value for key, value in extra_config.items() if key.startswith(_VOLUME)}
    return frozenset(
        int(disk.key)
        for disk in of_kind(devices, vim.vm.device.VirtualDisk)
        if disk.vDiskId is not None or getattr(disk.backing, "uuid", None) in uuids
    )


def _volumes(disks: Sequence[Any], extra_config: Mapping[str, str]) -> Iterator[tuple[str, Volume]]:
    by_uuid = {getattr(disk.backing, "uuid", None): disk for disk in disks}
    for key, uuid in extra_config.items():
        if key.startswith(_VOLUME) and (disk := by_uuid.get(uuid or None)) is not None:
            yield key.removeprefix(_VOLUME), Volume(int(disk.key), _capacity(disk))


def _capacity(disk: Any) -> int:
    return int(disk.capacityInKB) * 1024


def _datastores(disks: Sequence[Any]) -> Iterator[str]:
    for disk in disks:
        backing = disk.backing
        while backing is not None:
            if getattr(backing, "datastore", None) is not None:
                yield moref(backing.datastore)
            backing = getattr(backing, "parent", None)


def _guest(guest_id: str) -> Guest:
    if guest_id.startswith("win"):
        return "windows"
    return "linux" if any(name in guest_id.lower() for name in _LINUX) else "other"


# Parts of VirtualMachineGuestOsIdentifier for the systems of which VMware can customize the guest.
_LINUX: Final = (
    *("linux", "rhel", "centos", "debian", "ubuntu", "sles", "suse", "oracle", "fedora", "coreos", "photon"),
    *("asianux", "redhat", "mandriva", "mandrake", "turbolinux", "amazon", "rocky", "alma", "vmwarephoton"),
)


def _has_tools(vm: Properties) -> bool:
    status = vm.get("guest.toolsVersionStatus2")
    if status:
        return str(status) != "guestToolsNotInstalled"
    return bool(vm.get("config.tools.toolsVersion"))


def _of_object(session: Session, found: Mapping[str, Properties], key: str) -> Properties:
    if "config.hardware.device" not in found.get(key, {}):
        raise NotFound(f"{session.endpoint}: {key} cannot be read; is it being removed?")
    return found[key]
