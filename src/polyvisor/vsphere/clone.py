"""Copies a VM into a new one that has nothing of the identity of the first, not for a moment.

All that tells one VM from another is part of the one call which makes the new one: UUID, MAC addresses,
networks, and the removal of whatever the first is known by.

Source of facts: vSphere Web Services API Reference 8.0, CloneVM_Task, VirtualMachineCloneSpec ("Use
deviceChange in location for specifying any virtual device changes for disks and networks"),
VirtualMachineRelocateSpec.diskMoveType.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from pyVmomi import vim

from polyvisor.vsphere.clone_source import Source, of_kind, volume_keys
from polyvisor.vsphere.faults import InvalidInput
from polyvisor.vsphere.nic import Nic
from polyvisor.vsphere.session import Session

# What a VM is known by, what was put into its guest, and what it shares with no other: consoles, volumes.
_PERSONAL: Final = (
    "RemoteDisplay.vnc.",
    "guestinfo.",
    "machine.id",
    "nvp.",
    "polyvisor.",
    "volume-",
)

_WHOLE: Final = "moveAllDiskBackingsAndConsolidate"

Change = Any


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
        power_on: start it as soon as it is there.
        nics: of the new VM, in their order. As many of the source's cards as there are become these, so that
            the guest finds them in the slots that it knows.
        volumes: keys of the disks that are volumes of Cinder and are copied too. The others are left out.
        linked: the new disks have those of the snapshot as parents, and hold only what changes; but for
            volumes, which are copied the whole.
        customization: a vim.vm.customization.Specification, for the guest's first boot.
    """

    identity: Identity
    shape: Shape
    nics: Sequence[Nic]
    destination: Destination
    power_on: bool = False
    volumes: frozenset[int] = frozenset()
    linked: bool = False
    customization: Any = None


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
        powerOn=order.power_on,
        template=False,
    )
    return session.call(vm.CloneVM_Task, folder, order.identity.name, spec)


def _location(session: Session, source: Source, order: Order) -> Any:
    destination = order.destination
    datastore = session.managed_object(vim.Datastore, destination.datastore)
    return vim.vm.RelocateSpec(
        datastore=datastore,
        host=session.managed_object(vim.HostSystem, destination.host),
        pool=session.managed_object(vim.ResourcePool, destination.pool),
        diskMoveType="createNewChildDiskBacking" if order.linked else _WHOLE,
        disk=[
            vim.vm.RelocateSpec.DiskLocator(diskId=key, datastore=datastore, diskMoveType=_WHOLE)
            for key in sorted(order.volumes)
        ],
        deviceChange=[*_nic_changes(source, order.nics), *_volume_removals(source, order.volumes)],
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
    present = list(of_kind(source.devices, vim.vm.device.VirtualEthernetCard))
    for card, nic in zip(present, nics, strict=False):
        yield _change("edit", nic.applied_to(card))
    for card in present[len(nics) :]:
        yield _change("remove", card)
    for number, nic in enumerate(nics[len(present) :]):
        yield _change("add", nic.new_card(key=-100 - number))


def _volume_removals(source: Source, copied: frozenset[int]) -> Iterator[Change]:
    """Leave out the other volumes; without a file operation their files stay as they are."""
    volumes = volume_keys(source.devices, source.extra_config)
    for disk in of_kind(source.devices, vim.vm.device.VirtualDisk):
        if disk.key in volumes - copied:
            yield _change("remove", disk)


def _disc_removals(source: Source) -> Iterator[Change]:
    """Leave out discs that lie among the source's files, such as its configuration drive."""
    for drive in of_kind(source.devices, vim.vm.device.VirtualCdrom):
        if str(getattr(drive.backing, "fileName", "")).startswith(f"{source.folder}/"):
            yield _change("remove", drive)


def _change(operation: str, device: Any) -> Change:
    return vim.vm.device.VirtualDeviceSpec(operation=operation, device=device)
