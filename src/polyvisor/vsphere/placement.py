"""Where a VM is: read from vCenter, never guessed. Where one can be: see `resolve`."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from pyVmomi import vim

from polyvisor.vsphere.collector import ancestry_filter, object_filter
from polyvisor.vsphere.faults import NotFound
from polyvisor.vsphere.inventory import Properties, find_vm, retrieve
from polyvisor.vsphere.naming import is_named, unescape
from polyvisor.vsphere.session import Session, moref

_PROPERTIES: Final = (
    "name",
    "config.files.vmPathName",
    "config.hardware.device",
    "datastore",
    "parent",
    "resourcePool",
    "runtime.host",
)
_DATASTORE_PATH: Final = re.compile(r"\[(?P<datastore>[^\]]+)\]")


@dataclass(frozen=True, slots=True)
class Reference:
    """An inventory object by its moref and its unescaped name."""

    moref: str
    name: str


@dataclass(frozen=True, slots=True)
class DiskPlacement:
    """Where one disk of a VM is.

    Attributes:
        key: of the device within its VM.
        label: for example "Hard disk 1".
        file: datastore path, for example "[shared1] vm/vm.vmdk".
    """

    key: int
    label: str
    file: str
    capacity_bytes: int
    datastore: Reference | None


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a VM is.

    Attributes:
        vcenter_uuid: instance UUID of the vCenter.
        host: None for an orphaned VM.
        cluster: the host's cluster, or the standalone host's own compute resource.
        datastore: home of the VM's configuration file.
        resource_pool: inventory path as govc shows it, for example "/dc1/host/cluster1/Resources"; None for
            a template.
        folder: likewise, for example "/dc1/vm"; None for a member of a vApp.
    """

    vcenter_uuid: str
    vm: Reference
    host: Reference | None
    cluster: Reference | None
    datastore: Reference | None
    disks: tuple[DiskPlacement, ...]
    resource_pool: str | None
    folder: str | None


def read_placement(session: Session, vm: str) -> Placement:
    """Read where a VM is, in two calls, or three if it has to be found first.

    Args:
        vm: its moref, or its instance UUID, which for a server of Nova is the server's id.

    Raises:
        NotFound: there is no such VM.
        InvalidState: several VMs have this instance UUID.
        VSphereError: as `Session.call` does.
    """
    key = find_vm(session, vm) if _is_uuid(vm) else vm
    props = _read_vm(session, key)
    around = (props.get("runtime.host"), props.get("resourcePool"), props.get("parent"))
    datastores = props.get("datastore", ())
    entities = [entity for entity in (*around, *datastores) if entity is not None]
    tree = _Tree(retrieve(session, ancestry_filter(entities)) if entities else {}, datastores)
    host, pool, folder = around
    return Placement(
        vcenter_uuid=session.vcenter_uuid,
        vm=Reference(key, unescape(props["name"])),
        host=tree.reference(host),
        cluster=tree.reference(tree.parent(host)),
        datastore=tree.datastore_of(props.get("config.files.vmPathName", "")),
        disks=tuple(_disks(props.get("config.hardware.device", ()), tree)),
        resource_pool=tree.path(pool),
        folder=tree.path(folder),
    )


def _is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True


def _read_vm(session: Session, key: str) -> Properties:
    vm = session.managed_object(vim.VirtualMachine, key)
    found = retrieve(session, object_filter(vm, _PROPERTIES))
    if "name" not in found.get(key, {}):
        raise NotFound(f"{session.endpoint}: {key} cannot be read; is it being removed?")
    return found[key]


def _disks(devices: Sequence[Any], tree: "_Tree") -> Iterator[DiskPlacement]:
    for device in devices:
        backing = device.backing
        if isinstance(device, vim.vm.device.VirtualDisk) and (file := getattr(backing, "fileName", None)):
            yield DiskPlacement(
                key=int(device.key),
                label=str(device.deviceInfo.label) if device.deviceInfo else "",
                file=str(file),
                capacity_bytes=int(device.capacityInBytes or device.capacityInKB * 1024),
                datastore=tree.reference(backing.datastore) or tree.datastore_of(file),
            )


@dataclass(frozen=True, slots=True)
class _Tree:
    """Names and parents of the inventory objects around a VM, by moref, and which are its datastores."""

    entities: dict[str, Properties]
    datastores: Sequence[Any]

    def reference(self, entity: Any) -> Reference | None:
        props = self.entities.get(moref(entity)) if entity is not None else None
        return Reference(moref(entity), unescape(props["name"])) if props else None

    def parent(self, entity: Any) -> Any:
        return self.entities.get(moref(entity), {}).get("parent") if entity is not None else None

    def path(self, entity: Any) -> str | None:
        """Give the path below the root folder; names stay escaped in it, so that each / separates."""
        names = []
        while entity is not None and (parent := self.parent(entity)) is not None:
            names.append(self.entities[moref(entity)]["name"])
            entity = parent
        return "/" + "/".join(reversed(names)) if names else None

    def datastore_of(self, file: str) -> Reference | None:
        """Find the datastore that a datastore path names, among those of the VM."""
        match = _DATASTORE_PATH.match(file)
        found = (self.reference(datastore) for datastore in self.datastores)
        return next((ref for ref in found if ref and match and is_named(ref.name, match["datastore"])), None)
