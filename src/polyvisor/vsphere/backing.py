"""The VM that Cinder keeps for a volume, its backing, and where the volume's disk is.

A backing is never powered on and has one disk. The disk is at home if it is in the folder of its backing, and
in place if not: it was there before Cinder knew it, and stays there for as long as another VM has it.
"""

from dataclasses import dataclass
from typing import Any, Final

from pyVmomi import vim

from polyvisor.vsphere.collector import ancestry_filter, object_filter
from polyvisor.vsphere.faults import NotFound
from polyvisor.vsphere.inventory import Properties, retrieve
from polyvisor.vsphere.naming import unescape
from polyvisor.vsphere.placement import Reference
from polyvisor.vsphere.session import Session, moref
from polyvisor.vsphere.task import wait_for_task
from polyvisor.vsphere.volume import users

_PROPERTIES: Final = ("name", "config.files.vmPathName", "config.hardware.device")
_PLACE: Final = ("config.hardware.device", "resourcePool", "runtime.host")
#: A disk is renamed, a VM without a disk of its own removed: vCenter need not copy anything.
_SECONDS: Final = 600.0


@dataclass(frozen=True, slots=True)
class Backing:
    """A backing as it is now.

    Attributes:
        vm: moref and name.
        home: datastore path of its folder, with a slash at its end.
        device: the disk; None if there is none.
        controller: key of the one that the disk is or can be on.
    """

    vm: Reference
    home: str
    device: Any
    controller: int

    @property
    def file(self) -> str:
        """Datastore path of the disk."""
        return str(self.device.backing.fileName)

    @property
    def in_place(self) -> bool:
        """Whether the disk is in the folder of another VM."""
        return self.device is not None and not self.file.startswith(self.home)


def read_backing(session: Session, vm: str) -> Backing:
    """Read a backing, in one call.

    Args:
        vm: moref.

    Raises:
        NotFound: there is no such VM.
        VSphereError: as `Session.call` does.
    """
    props = retrieve(session, object_filter(_vm(session, vm), _PROPERTIES)).get(vm, {})
    if "config.files.vmPathName" not in props:
        raise NotFound(f"{session.endpoint}: VM {vm} cannot be read; is it being removed?")
    devices = props.get("config.hardware.device", ())
    disks = [device for device in devices if isinstance(device, vim.vm.device.VirtualDisk)]
    controllers = [
        device.key for device in devices if isinstance(device, vim.vm.device.VirtualSCSIController)
    ]
    folder, _, _ = str(props["config.files.vmPathName"]).rpartition("/")
    reference = Reference(vm, unescape(props["name"]))
    return Backing(
        vm=reference,
        home=f"{folder}/",
        device=disks[0] if disks else None,
        controller=int(disks[0].controllerKey or 0) if disks else next(iter(controllers), 0),
    )


def holders(session: Session, backing: Backing) -> tuple[Reference, ...]:
    """List the VMs that have the disk, beside the backing.

    Raises:
        VSphereError: as `Session.call` does.
    """
    found = users(session, moref(backing.device.backing.datastore), backing.file)
    return tuple(vm for vm in found if vm.moref != backing.vm.moref)


def bring_home(session: Session, backing: Backing) -> None:
    """Move a disk that is in place into the folder of its backing. Goes on where an earlier attempt ended.

    The move is a renaming, as both are on one datastore.

    Raises:
        NotFound: the disk is neither here nor there.
        VSphereError: as `Session.call` and `wait_for_task` do.
    """
    dest = f"{backing.home}{backing.vm.name}.vmdk"
    center = _datacenter(session, backing)
    manager = session.content.virtualDiskManager
    try:
        task = session.call(manager.MoveVirtualDisk_Task, backing.file, center, dest, center, False)
        wait_for_task(session, task, timeout=_SECONDS)
    except NotFound:
        # It may have been moved before; if not, it cannot be attached either.
        pass
    _replace_disk(session, backing, dest)


def refer(session: Session, backing: Backing, vm: str, key: int, *, discard: bool) -> None:
    """Have a backing refer to a disk that another VM has, in place, instead of its own.

    Goes on where an earlier attempt ended. The backing itself comes to the datastore of the disk, and to the
    host and pool of the VM, so that the disk can come home later by a renaming.

    Args:
        vm: moref of the one that has the disk.
        key: of the disk.
        discard: delete the file of the backing's own disk, which is known to be empty. Otherwise that is
            taken to be the disk, before it was moved.

    Raises:
        NotFound: the VM has no such disk.
        VSphereError: as `Session.call` and `wait_for_task` do.
    """
    found = retrieve(session, object_filter(_vm(session, vm), _PLACE)).get(vm, {})
    disk = next((device for device in found.get("config.hardware.device", ()) if device.key == key), None)
    if disk is None:
        raise NotFound(f"{session.endpoint}: VM {vm} has no disk {key}")
    if backing.device is not None:
        if backing.file == disk.backing.fileName:
            return
        removal = _change("remove", backing.device)
        removal.fileOperation = "destroy" if discard and not backing.in_place else None
        _reconfigure(session, backing, [removal])
    _bring_beside(session, backing, disk.backing.datastore, found)
    added = _disk(disk, disk.backing.fileName)
    added.controllerKey, added.unitNumber = backing.controller, 0
    _reconfigure(session, backing, [_change("add", added)])


def _bring_beside(session: Session, backing: Backing, datastore: Any, place: Properties) -> None:
    """Move a backing, of which the disk has been removed, to the datastore of its new one."""
    vm = _vm(session, backing.vm.moref)
    own = retrieve(session, object_filter(vm, ["datastore"])).get(backing.vm.moref, {})
    if moref(datastore) not in {moref(store) for store in own.get("datastore", ())}:
        spec = vim.vm.RelocateSpec(
            datastore=datastore, host=place["runtime.host"], pool=place["resourcePool"]
        )
        wait_for_task(session, session.call(vm.RelocateVM_Task, spec, "defaultPriority"), timeout=_SECONDS)


def forget_disk(session: Session, vm: str) -> None:
    """Remove a backing, and leave the disk where it is.

    Raises:
        VSphereError: as `Session.call` and `wait_for_task` do.
    """
    backing = read_backing(session, vm)
    if backing.device is not None:
        _reconfigure(session, backing, [_change("remove", backing.device)])
    wait_for_task(session, session.call(_vm(session, vm).Destroy_Task), timeout=_SECONDS)


def _replace_disk(session: Session, backing: Backing, file: str) -> None:
    """In one step, so that a backing never is without."""
    old = backing.device
    disk = _disk(old, file)
    _reconfigure(session, backing, [_change("remove", old), _change("add", disk)])


def _disk(like: Any, file: str) -> Any:
    return vim.vm.device.VirtualDisk(
        key=-1,
        controllerKey=like.controllerKey,
        unitNumber=like.unitNumber,
        capacityInKB=like.capacityInKB,
        backing=vim.vm.device.VirtualDisk.FlatVer2BackingInfo(
            fileName=file, diskMode=like.backing.diskMode, thinProvisioned=like.backing.thinProvisioned
        ),
    )


def _change(operation: str, device: Any) -> Any:
    return vim.vm.device.VirtualDeviceSpec(operation=operation, device=device)


def _reconfigure(session: Session, backing: Backing, changes: list[Any]) -> None:
    vm = _vm(session, backing.vm.moref)
    task = session.call(vm.ReconfigVM_Task, vim.vm.ConfigSpec(deviceChange=changes))
    wait_for_task(session, task, timeout=_SECONDS)


def _datacenter(session: Session, backing: Backing) -> Any:
    above = retrieve(session, ancestry_filter([_vm(session, backing.vm.moref)]))
    key = next(key for key in above if key.startswith("datacenter-"))
    return session.managed_object(vim.Datacenter, key)


def _vm(session: Session, key: str) -> Any:
    return session.managed_object(vim.VirtualMachine, key)
