"""Copies a VM into a new one that has nothing of the identity of the first, not for a moment.

All that tells one VM from another is part of the one call which makes the new one: UUID, MAC addresses,
networks, and the removal of whatever the first is known by. The new VM is not powered on.

Source of facts: vSphere Web Services API Reference 8.0, CloneVM_Task, VirtualMachineCloneSpec ("Use
deviceChange in location for specifying any virtual device changes for disks and networks"),
VirtualMachineRelocateSpec.diskMoveType.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from pyVmomi import vim

from polyvisor.vsphere.collector import object_filter
from polyvisor.vsphere.faults import InvalidInput, NotFound
from polyvisor.vsphere.inventory import Properties, find_vm, retrieve
from polyvisor.vsphere.nic import Nic
from polyvisor.vsphere.session import Session

_STATE: Final = (
    "config.extraConfig",
    "config.guestId",
    "config.hardware.device",
    "config.tools.toolsVersion",
)
_VM: Final = (*_STATE, "config.files.vmPathName", "guest.toolsVersionStatus2")
# What a VM is known by, what was put into its guest, and what it shares with no other: consoles, volumes.
_PERSONAL: Final = (
    "RemoteDisplay.vnc.",
    "guestinfo.",
    "machine.id",
    "nvp.",
    "polyvisor.",
    "volume-",
)

Guest = Literal["linux", "windows", "other"]
Change = Any


@dataclass(frozen=True, slots=True)
class Source:
    """What a VM, or a snapshot of it, has to be known of to be cloned.

    Attributes:
        vm: moref.
        snapshot: moref, None for the present state.
        folder: of its files, for example "[shared1] vm".
        guest: the family of the operating system that it is configured for.
        tools: whether VMware Tools are, or were, installed in the guest.
        disk_bytes: capacity of the disks that are the VM's own.
        datastores: morefs of those on which these disks are, parents included.
        disks: keys and files of its disks, without those of Cinder.
        volumes: number of its disks that belong to Cinder.
    """

    vm: str
    snapshot: str | None
    folder: str
    guest: Guest
    tools: bool
    disk_bytes: int
    datastores: frozenset[str]
    disks: Mapping[int, str]
    volumes: int
    devices: Sequence[Any] = field(repr=False)
    extra_config: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Identity:
    """What the new VM is known by.

    Attributes:
        name: in the inventory, and of its folder on the datastore.
        uuid: its instance UUID.
        manager: key of the vCenter extension that manages it, and the type of VM that this makes of it.
        extra_config: further marks, by which others know it.
    """

    name: str
    uuid: str
    annotation: str
    manager: tuple[str, str]
    extra_config: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Shape:
    """Processors and memory."""

    cpus: int
    memory_mb: int


@dataclass(frozen=True, slots=True)
class Destination:
    """Where the new VM is put: morefs. All its files go to one datastore."""

    host: str
    datastore: str
    pool: str
    folder: str


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be made of a source.

    Attributes:
        nics: of the new VM, in their order. As many of the source's cards as there are become these, so that
            the guest finds them in the slots that it knows.
        linked: the new disks have those of the snapshot as parents, and hold only what changes.
        customization: a vim.vm.customization.Specification, for the guest's first boot.
    """

    identity: Identity
    shape: Shape
    nics: Sequence[Nic]
    destination: Destination
    linked: bool = False
    customization: Any = None


def read_source(session: Session, instance_uuid: str, snapshot: str | None = None) -> Source:
    """Read what is cloned, in two calls, or three for a snapshot.

    Args:
        instance_uuid: of the VM, which for a server of Nova is the server's id.
        snapshot: moref of one of its snapshots.

    Raises:
        NotFound: there is no such VM, or no such snapshot any more.
        InvalidState: several VMs have this instance UUID.
        VSphereError: as `Session.call` does.
    """
    key = find_vm(session, instance_uuid)
    vm = _read(session, session.managed_object(vim.VirtualMachine, key), _VM)
    state = (
        vm if snapshot is None else _read(session, session.managed_object(vim.vm.Snapshot, snapshot), _STATE)
    )
    extra = {option.key: str(option.value) for option in state.get("config.extraConfig", ())}
    devices = state["config.hardware.device"]
    volumes = _volume_keys(devices, extra)
    own = [disk for disk in _of(devices, vim.vm.device.VirtualDisk) if disk.key not in volumes]
    return Source(
        vm=key,
        snapshot=snapshot,
        folder=vm["config.files.vmPathName"].rpartition("/")[0],
        guest=_guest(state.get("config.guestId", "")),
        tools=_has_tools(vm),
        disk_bytes=sum(int(disk.capacityInKB) * 1024 for disk in own),
        datastores=frozenset(_datastores(own)),
        disks={int(disk.key): str(disk.backing.fileName) for disk in own},
        volumes=len(volumes),
        devices=devices,
        extra_config=extra,
    )


def start_clone(session: Session, source: Source, order: Order) -> Any:
    """Begin to clone.

    Returns:
        A task for `polyvisor.vsphere.task.wait_for_task`, whose result is the VM.

    Raises:
        InvalidInput: a linked clone of no snapshot.
        VSphereError: as `Session.call` does. Nothing was made then, except after Unavailable.
    """
    if order.linked and source.snapshot is None:
        raise InvalidInput("only a snapshot can be cloned as a linked clone; name one")
    vm: Any = session.managed_object(vim.VirtualMachine, source.vm)
    folder = session.managed_object(vim.Folder, order.destination.folder)
    spec = vim.vm.CloneSpec(
        location=_location(session, source, order),
        config=_config(source, order.identity, order.shape),
        customization=order.customization,
        snapshot=source.snapshot and session.managed_object(vim.vm.Snapshot, source.snapshot),
        powerOn=False,
        template=False,
    )
    return session.call(vm.CloneVM_Task, folder, order.identity.name, spec)


def _location(session: Session, source: Source, order: Order) -> Any:
    destination = order.destination
    return vim.vm.RelocateSpec(
        datastore=session.managed_object(vim.Datastore, destination.datastore),
        host=session.managed_object(vim.HostSystem, destination.host),
        pool=session.managed_object(vim.ResourcePool, destination.pool),
        diskMoveType="createNewChildDiskBacking" if order.linked else "moveAllDiskBackingsAndConsolidate",
        deviceChange=[*_nic_changes(source, order.nics), *_volume_removals(source)],
    )


def _config(source: Source, identity: Identity, shape: Shape) -> Any:
    key, kind = identity.manager
    return vim.vm.ConfigSpec(
        instanceUuid=identity.uuid,
        annotation=identity.annotation,
        managedBy=vim.ext.ManagedByInfo(extensionKey=key, type=kind),
        numCPUs=shape.cpus,
        memoryMB=shape.memory_mb,
        extraConfig=_options(_forgotten(source) | dict(identity.extra_config)),
        deviceChange=list(_disc_removals(source)),
    )


def _forgotten(source: Source) -> dict[str, str]:
    """Return the personal keys, empty: vCenter removes a key that is set to nothing."""
    return {key: "" for key in source.extra_config if key.startswith(_PERSONAL)}


def _options(values: Mapping[str, str]) -> list[Any]:
    return [vim.option.OptionValue(key=key, value=value) for key, value in values.items()]


def _nic_changes(source: Source, nics: Sequence[Nic]) -> Iterator[Change]:
    present = list(_of(source.devices, vim.vm.device.VirtualEthernetCard))
    for card, nic in zip(present, nics, strict=False):
        yield _change("edit", nic.applied_to(card))
    for card in present[len(nics) :]:
        yield _change("remove", card)
    for number, nic in enumerate(nics[len(present) :]):
        yield _change("add", nic.new_card(key=-100 - number))


def _volume_removals(source: Source) -> Iterator[Change]:
    """Leave out the volumes; without a file operation their files stay as they are."""
    volumes = _volume_keys(source.devices, source.extra_config)
    for disk in _of(source.devices, vim.vm.device.VirtualDisk):
        if disk.key in volumes:
            yield _change("remove", disk)


def _disc_removals(source: Source) -> Iterator[Change]:
    """Leave out discs that lie among the source's files, such as its configuration drive."""
    for drive in _of(source.devices, vim.vm.device.VirtualCdrom):
        if str(getattr(drive.backing, "fileName", "")).startswith(f"{source.folder}/"):
            yield _change("remove", drive)


def _change(operation: str, device: Any) -> Change:
    return vim.vm.device.VirtualDeviceSpec(operation=operation, device=device)


def _of(devices: Sequence[Any], kind: type) -> Iterator[Any]:
    return (device for device in devices if isinstance(device, kind))


def _volume_keys(devices: Sequence[Any], extra_config: Mapping[str, str]) -> frozenset[int]:
    """Find the disks that are volumes: first class disks, and those of which Nova keeps the UUID."""
    uuids = {value for key, value in extra_config.items() if key.startswith("volume-")}
    return frozenset(
        int(disk.key)
        for disk in _of(devices, vim.vm.device.VirtualDisk)
        if disk.vDiskId is not None or getattr(disk.backing, "uuid", None) in uuids
    )


def _datastores(disks: Sequence[Any]) -> Iterator[str]:
    for disk in disks:
        backing = disk.backing
        while backing is not None:
            if getattr(backing, "datastore", None) is not None:
                yield str(backing.datastore._moId)  # noqa: SLF001 - pyVmomi has no public name for it
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


def _read(session: Session, managed: Any, properties: Sequence[str]) -> Properties:
    found = next(iter(retrieve(session, object_filter(managed, properties)).values()), {})
    if "config.hardware.device" not in found:
        raise NotFound(f"{session.endpoint}: {managed._moId} cannot be read; is it being removed?")  # noqa: SLF001
    return found
