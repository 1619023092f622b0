"""What a VM consists of, as far as moving or copying it needs to know."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from pyVmomi import vim

from polyvisor.vsphere.collector import object_filter
from polyvisor.vsphere.faults import NotFound
from polyvisor.vsphere.inventory import Properties, find_vm, retrieve
from polyvisor.vsphere.naming import unescape
from polyvisor.vsphere.session import Session, moref

_PROPERTIES: Final = (
    "name",
    "config.extraConfig",
    "config.files.vmPathName",
    "config.hardware.device",
    "datastore",
    "layoutEx.disk",
    "layoutEx.file",
    "recentTask",
    "resourcePool",
    "runtime.host",
)
_VOLUME: Final = "volume-"


@dataclass(frozen=True, slots=True)
class Disk:
    """One disk of a VM.

    Attributes:
        key: of the device within its VM.
        label: for example "Hard disk 1".
        datastore: moref of the one that its uppermost file is on.
        used_bytes: of its file and of all files below it; the capacity where vCenter does not say.
        volume: id, if it is a volume of Cinder. Nova's VMware driver notes each volume's disk in the
            ``extraConfig`` of the VM, as ``volume-<id of the volume>``.
        chained: whether it is based on other files, those of snapshots.
    """

    key: int
    label: str
    datastore: str
    used_bytes: int
    volume: str | None
    chained: bool = False


@dataclass(frozen=True, slots=True)
class Machine:
    """One VM.

    Attributes:
        name: unescaped.
        host: moref; None for an orphaned VM.
        pool: moref of its resource pool; None for a template.
        home: moref of the datastore of its configuration file; None if vCenter does not say.
        tasks: morefs of those of the last minutes.
    """

    moref: str
    name: str
    host: str | None
    pool: str | None
    home: str | None
    disks: tuple[Disk, ...]
    tasks: frozenset[str] = frozenset()


def read_machine(session: Session, instance_uuid: str) -> Machine:
    """Read the VM of a server, in two calls.

    Raises:
        NotFound: there is no such VM.
        InvalidState: several VMs have this instance UUID.
        VSphereError: as `Session.call` does.
    """
    return read_vm(session, find_vm(session, instance_uuid))


def read_vm(session: Session, key: str) -> Machine:
    """Read a VM by its moref, in one call; see `read_machine`."""
    found = retrieve(session, object_filter(session.managed_object(vim.VirtualMachine, key), _PROPERTIES))
    props = found.get(key, {})
    if "name" not in props:
        raise NotFound(f"{session.endpoint}: {key} cannot be read; is it being removed?")
    disks = tuple(_disks(props))
    return Machine(
        moref=key,
        name=unescape(props["name"]),
        host=_moref(props.get("runtime.host")),
        pool=_moref(props.get("resourcePool")),
        home=_home(props, disks),
        disks=disks,
        tasks=frozenset(moref(task) for task in props.get("recentTask", ())),
    )


def _moref(reference: Any) -> str | None:
    return moref(reference) if reference is not None else None


def _disks(props: Properties) -> Iterator[Disk]:
    volumes = {
        str(option.value): str(option.key).removeprefix(_VOLUME)
        for option in props.get("config.extraConfig", ())
        if str(option.key).startswith(_VOLUME)
    }
    used = _used_bytes(props.get("layoutEx.disk", ()), props.get("layoutEx.file", ()))
    for device in props.get("config.hardware.device", ()):
        backing = device.backing
        if isinstance(device, vim.vm.device.VirtualDisk) and getattr(backing, "datastore", None):
            capacity = int(device.capacityInBytes or device.capacityInKB * 1024)
            yield Disk(
                key=int(device.key),
                label=str(device.deviceInfo.label) if device.deviceInfo else str(device.key),
                datastore=moref(backing.datastore),
                used_bytes=min(capacity, used.get(int(device.key)) or capacity),
                volume=volumes.get(str(getattr(backing, "uuid", None))),
                chained=getattr(backing, "parent", None) is not None,
            )


def _used_bytes(disks: Sequence[Any], files: Sequence[Any]) -> dict[int, int]:
    sizes = {int(file.key): int(file.size or 0) for file in files}
    return {
        int(disk.key): sum(sizes.get(int(key), 0) for part in disk.chain for key in part.fileKey)
        for disk in disks
    }


def _home(props: Properties, disks: Sequence[Disk]) -> str | None:
    """Find the datastore of the configuration file: vCenter gives its path only.

    A disk beside it has its datastore; else, the one datastore that no disk is on.
    """
    name = str(props.get("config.files.vmPathName", "")).partition("]")[0].removeprefix("[")
    for device in props.get("config.hardware.device", ()):
        file = getattr(device.backing, "fileName", None) or ""
        if getattr(device.backing, "datastore", None) and file.startswith(f"[{name}]"):
            return moref(device.backing.datastore)
    others = {moref(store) for store in props.get("datastore", ())} - {disk.datastore for disk in disks}
    return others.pop() if len(others) == 1 else None
