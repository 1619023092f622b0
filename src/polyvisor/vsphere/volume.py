"""Disks of VMs as volumes: which of them can be one, and who uses a disk."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from pyVmomi import vim

from polyvisor.vsphere.collector import object_filter, related_filter
from polyvisor.vsphere.disk import Disk, disks
from polyvisor.vsphere.faults import InvalidState, NotFound, NotSupported
from polyvisor.vsphere.inventory import Properties, collect, find_vm, retrieve
from polyvisor.vsphere.naming import is_named, unescape
from polyvisor.vsphere.placement import Reference
from polyvisor.vsphere.session import Session
from polyvisor.vsphere.task import wait_for_task

_PROPERTIES: Final = (
    "name",
    "config.hardware.device",
    "config.instanceUuid",
    "config.managedBy",
    "config.template",
)
#: Under this key the stock Cinder driver registers itself as owner of the VMs that hold its volumes.
CINDER_EXTENSION: Final = "org.openstack.storage"
_Browser: Final = vim.host.DatastoreBrowser
_PATH: Final = re.compile(r"\[(?P<datastore>[^\]]+)\] (?P<folder>(?:[^/]+/)*)(?P<file>[^/]+\.vmdk)")


@dataclass(frozen=True, slots=True)
class Candidate:
    """A disk that can become a volume.

    Attributes:
        datastore: moref.
        vm: that has the disk; None if it is a file that nobody is known to use.
        instance_uuid: of that VM; for a server of Nova, its id.
    """

    disk: Disk
    datastore: str
    vm: Reference | None = None
    instance_uuid: str = ""


def find_disk(session: Session, vm: str, *, file: str | None = None, key: int | None = None) -> Candidate:
    """Find a disk that can be a volume, by its file or by the key of its device.

    Args:
        vm: moref or instance UUID.
        file: datastore path, for example "[shared1] app/app_1.vmdk".

    Raises:
        NotFound: no such VM, or it has no such disk.
        NotSupported: the disk cannot be a volume; the message says why, and the way out.
        VSphereError: as `Session.call` does.
    """
    reference = vm if vm.startswith("vm-") else find_vm(session, vm)
    props = _read(session, reference)
    name = unescape(props["name"])
    found = disks(props.get("config.hardware.device", ()))
    disk = next((one for one in found if one.file == file or one.key == key), None)
    if disk is None:
        files = "; ".join(f"{one.key}: {one.file}" for one in found) or "none"
        raise NotFound(f"VM {name} has no disk {file or key}. Its disks: {files}")
    if reason := next(_reasons(props, found, disk), None):
        raise NotSupported(f"{disk.label} of VM {name} ({disk.file}) cannot be a volume: {reason}")
    return Candidate(
        disk=disk,
        datastore=disk.datastore or "",
        vm=Reference(reference, name),
        instance_uuid=str(props.get("config.instanceUuid", "")),
    )


def find_file(session: Session, file: str) -> Candidate:
    """Find a disk by its file alone.

    Args:
        file: datastore path, for example "[shared1] old/data.vmdk"; the datastore's name plain or escaped.

    Raises:
        NotFound: no such datastore or file.
        InvalidState: several datastores have this name.
        NotSupported: the disk cannot be a volume.
        VSphereError: as `Session.call` does.
    """
    match = _PATH.fullmatch(file)
    name = match["datastore"] if match else ""
    stores = collect(session, vim.Datastore, ["name", "browser"])
    found = [key for key, props in stores.items() if is_named(unescape(props["name"]), name)]
    if not match or not found:
        raise NotFound(f"{session.endpoint}: there is no datastore {name!r}")
    if len(found) > 1:
        raise InvalidState(
            f"{session.endpoint}: {len(found)} datastores are called {name}; name the disk's VM"
        )
    store = stores[found[0]]
    folder = f"[{store['name']}] {match['folder']}"
    info = _describe(session, store["browser"], folder, match["file"])
    if info is None:
        raise NotFound(f"{session.endpoint}: there is no disk {file}")
    if info.diskType is not vim.vm.device.VirtualDisk.FlatVer2BackingInfo or info.encryption:
        raise NotSupported(f"{file} cannot be a volume: it is of a snapshot, of another format, or encrypted")
    return Candidate(disk=_disk_of(f"{folder}{match['file']}", info, found[0]), datastore=found[0])


def users(session: Session, datastore: str, path: str) -> tuple[Reference, ...]:
    """List the VMs that need a file: as a disk, below a disk, or in a snapshot.

    One bulk read of the VMs that have files on the datastore.

    Args:
        datastore: moref.
        path: datastore path, as vCenter writes it; with a slash at its end, of a folder.

    Raises:
        VSphereError: as `Session.call` does.
    """
    store = session.managed_object(vim.Datastore, datastore)
    spec = related_filter(store, "vm", vim.VirtualMachine, ["name", "layoutEx.file"])
    return tuple(
        Reference(key, unescape(props.get("name", key)))
        for key, props in retrieve(session, spec).items()
        if any(_matches(one.name, path) for one in props.get("layoutEx.file", ()))
    )


def needs(session: Session, vm: str, path: str) -> bool:
    """Tell whether one VM needs a file, as `users` does for all: by a read of that VM alone.

    Args:
        vm: moref. One that is gone needs nothing.

    Raises:
        VSphereError: as `Session.call` does.
    """
    try:
        return any(_matches(name, path) for name in _files(session, vm))
    except NotFound:
        return False


def left_over(session: Session, vm: str, datastore: str, folder: str) -> bool:
    """Tell whether other VMs need files in the folder of a VM: they would go with the VM's folder.

    Args:
        vm: moref.
        datastore: moref.
        folder: datastore path with a slash at its end, for example "[shared1] app/".

    Raises:
        VSphereError: as `Session.call` does.
    """
    store = session.managed_object(vim.Datastore, datastore)
    own = _files(session, vm)
    try:
        disks_there = _search(session, session.call(lambda: store.browser), folder, "*.vmdk")
    except NotFound:  # the folder is gone
        return False
    if all(f"{folder}{one.path}" in own for one in disks_there):
        return False
    return any(user.moref != vm for user in users(session, datastore, folder))


def _files(session: Session, vm: str) -> set[str]:
    spec = object_filter(session.managed_object(vim.VirtualMachine, vm), ["layoutEx.file"])
    return {str(one.name) for one in retrieve(session, spec).get(vm, {}).get("layoutEx.file", ())}


def _matches(file: str, path: str) -> bool:
    return file.startswith(path) if path.endswith("/") else file == path


def _read(session: Session, vm: str) -> Properties:
    found = retrieve(session, object_filter(session.managed_object(vim.VirtualMachine, vm), _PROPERTIES))
    props = found.get(vm, {})
    if "name" not in props:
        raise NotFound(f"{session.endpoint}: VM {vm} cannot be read; is it being removed?")
    return props


def _reasons(props: Properties, all_disks: tuple[Disk, ...], disk: Disk) -> Iterator[str]:
    """Say what stands against it, the worst first."""
    manager = getattr(props.get("config.managedBy"), "extensionKey", None)
    same = [one for one in all_disks if one.uuid == disk.uuid]
    against = {
        "the VM holds a volume or a snapshot of Cinder's already": manager == CINDER_EXTENSION,
        "the VM is a template": props.get("config.template"),
        "it is a raw device mapping; it stays with its VM": disk.format.startswith("rdm"),
        "it belongs to a snapshot or a linked clone; remove the snapshots, or clone the VM": disk.parents,
        f"its format is {disk.format}": disk.format != "flat",
        f"its mode is {disk.mode}, so that snapshots leave it out; make it dependent": disk.mode
        != "persistent",
        "other VMs may write to it too (multi-writer, or a controller with a shared bus)": disk.shared,
        "it is encrypted by vSphere": disk.encrypted,
        "it is a first class disk, which another program manages": _is_first_class(props, disk),
        "the VM boots from it": disk == all_disks[0],
        "its UUID is not its own, and Nova finds volumes by it": not disk.uuid or len(same) > 1,
    }
    return (reason for reason, holds in against.items() if holds)


def _is_first_class(props: Properties, disk: Disk) -> bool:
    devices: Any = props["config.hardware.device"]
    return any(getattr(device, "vDiskId", None) for device in devices if device.key == disk.key)


def _describe(session: Session, browser: Any, folder: str, name: str) -> Any:
    """Give vCenter's VmDiskFileInfo of a file, or None."""
    try:
        return next((one for one in _search(session, browser, folder, name) if one.path == name), None)
    except NotFound:  # nor is there such a folder
        return None


def _search(session: Session, browser: Any, folder: str, pattern: str) -> list[Any]:
    """List the disks in a folder; the extents of disks are not listed."""
    flags = _Browser.VmDiskQuery.Details(diskType=True, capacityKb=True, hardwareVersion=False, thin=True)
    spec = _Browser.SearchSpec(
        query=[_Browser.VmDiskQuery(details=flags)],
        details=_Browser.FileInfo.Details(fileType=True, fileSize=False, modification=False),
        matchPattern=[pattern],
    )
    task = session.call(browser.SearchDatastore_Task, folder, spec)
    return list(wait_for_task(session, task, timeout=session.endpoint.call_timeout).file)


def _disk_of(file: str, info: Any, datastore: str) -> Disk:
    return Disk(
        key=0,
        label=file,
        file=file,
        capacity_bytes=int(info.capacityKb) * 1024,
        datastore=datastore,
        format="flat",
        thin=bool(info.thin),
        mode="persistent",
        controller="unknown",
        bus=0,
        unit=None,
        shared=False,
        encrypted=False,
        uuid=None,
        parents=(),
    )
