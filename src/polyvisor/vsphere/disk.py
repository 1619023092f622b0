"""Disks of a VM as its configuration has them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from pyVmomi import vim

from polyvisor.vsphere.session import moref

_device: Final = vim.vm.device
_BACKINGS: Final[tuple[tuple[type, str], ...]] = (
    (_device.VirtualDisk.FlatVer2BackingInfo, "flat"),
    (_device.VirtualDisk.SeSparseBackingInfo, "sesparse"),
    (_device.VirtualDisk.SparseVer2BackingInfo, "sparse"),
    (_device.VirtualDisk.RawDiskMappingVer1BackingInfo, "rdm"),
)
_CONTROLLERS: Final[tuple[tuple[type, str], ...]] = (
    (_device.ParaVirtualSCSIController, "paraVirtual"),
    (_device.VirtualLsiLogicSASController, "lsiLogicsas"),
    (_device.VirtualLsiLogicController, "lsiLogic"),
    (_device.VirtualBusLogicController, "busLogic"),
    (_device.VirtualNVMEController, "nvme"),
    (_device.VirtualSATAController, "sata"),
    (_device.VirtualIDEController, "ide"),
)
_SHARED_BUSES: Final = ("virtualSharing", "physicalSharing")


@dataclass(frozen=True, slots=True)
class Disk:
    """One virtual disk.

    Source of facts: vSphere Web Services API, VirtualDisk and its backings.

    Attributes:
        key: of the device within its VM.
        file: datastore path of the topmost file, for example "[shared1] vm/vm.vmdk".
        datastore: moref.
        format: flat, sesparse, sparse, rdm-physical, rdm-virtual, or the name of another type of backing.
        mode: persistent, independent_persistent, independent_nonpersistent and so on.
        controller: paraVirtual, lsiLogic, lsiLogicsas, busLogic, nvme, sata, ide; or unknown.
        shared: multi-writer, or on a controller with a shared bus.
        uuid: that SCSI inquiries answer with, and that survives moves.
        parents: files below the topmost one, the nearest first: of snapshots, or of a linked clone.
    """

    key: int
    label: str
    file: str
    capacity_bytes: int
    datastore: str | None
    format: str
    thin: bool
    mode: str
    controller: str
    bus: int
    unit: int | None
    shared: bool
    encrypted: bool
    uuid: str | None
    parents: tuple[str, ...]


def disks(devices: Sequence[Any]) -> tuple[Disk, ...]:
    """Pick the disks out of a VM's devices, in the order of bus and unit."""
    by_key = {device.key: device for device in devices}
    found = [_disk(device, by_key) for device in devices if isinstance(device, _device.VirtualDisk)]
    return tuple(sorted(found, key=lambda disk: (disk.controller == "nvme", disk.bus, disk.unit or 0)))


def _disk(device: Any, devices: Mapping[int, Any]) -> Disk:
    backing, controller = device.backing, devices.get(device.controllerKey)
    store = getattr(backing, "datastore", None)
    return Disk(
        key=int(device.key),
        label=str(device.deviceInfo.label) if device.deviceInfo else "",
        file=str(getattr(backing, "fileName", "") or ""),
        capacity_bytes=int(device.capacityInBytes or device.capacityInKB * 1024),
        datastore=moref(store) if store else None,
        format=_format(backing),
        thin=bool(getattr(backing, "thinProvisioned", False)),
        mode=str(getattr(backing, "diskMode", None) or "persistent"),
        controller=_kind(controller),
        bus=int(getattr(controller, "busNumber", 0) or 0),
        unit=device.unitNumber,
        shared=_is_shared(backing, controller),
        encrypted=getattr(backing, "keyId", None) is not None,
        uuid=getattr(backing, "uuid", None) or None,
        parents=tuple(_parents(backing)),
    )


def _format(backing: Any) -> str:
    name = next((name for kind, name in _BACKINGS if isinstance(backing, kind)), type(backing).__name__)
    if name != "rdm":
        return name
    return "rdm-virtual" if backing.compatibilityMode == "virtualMode" else "rdm-physical"


def _kind(controller: Any) -> str:
    return next((name for kind, name in _CONTROLLERS if isinstance(controller, kind)), "unknown")


def _is_shared(backing: Any, controller: Any) -> bool:
    writers = getattr(backing, "sharing", None) not in {None, "sharingNone"}
    return writers or getattr(controller, "sharedBus", None) in _SHARED_BUSES


def _parents(backing: Any) -> Iterator[str]:
    while (backing := getattr(backing, "parent", None)) is not None:
        yield str(backing.fileName)
