"""The tree around the VMs: datacenters, folders, clusters, hosts, resource pools, vApps, datastores."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from pyVmomi import vim

from polyvisor.vsphere.collector import object_filter
from polyvisor.vsphere.inventory import Properties, collect, retrieve
from polyvisor.vsphere.naming import unescape
from polyvisor.vsphere.session import Session, moref

#: Kind -> the property that tells whether it can be used.
_KINDS: Final[dict[type, str | None]] = {
    vim.Datacenter: None,
    vim.Folder: None,
    vim.ComputeResource: None,
    vim.ClusterComputeResource: None,  # after its base type, whose view has clusters too
    vim.ResourcePool: None,
    vim.HostSystem: "runtime.connectionState",
    vim.Datastore: "summary.accessible",
}


@dataclass(frozen=True, slots=True)
class Entity:
    """An inventory object other than a VM or a network.

    Attributes:
        name: unescaped.
        parent: moref; None for the root folder.
        kind: Datacenter, Folder, ClusterComputeResource, ComputeResource (of a host that is in no cluster),
            ResourcePool (vApps too), HostSystem, Datastore.
        usable: a host is connected, a datastore accessible; true for all others.
    """

    moref: str
    name: str
    parent: str | None
    kind: str
    usable: bool


def list_entities(session: Session) -> dict[str, Entity]:
    """Read them all, by moref, in one bulk read a kind.

    Raises:
        VSphereError: as `Session.call` does.
    """
    root = session.content.rootFolder
    top = retrieve(session, object_filter(root, ["name"]))
    found = {ref: _entity(ref, props, "Folder", None) for ref, props in top.items()}
    for kind, flag in _KINDS.items():
        objects = collect(session, kind, ["name", "parent", *([flag] if flag else [])])
        name = kind.__name__.rpartition(".")[2]
        found.update((ref, _entity(ref, props, name, flag)) for ref, props in objects.items())
    return found


def _entity(ref: str, props: Properties, kind: str, flag: str | None) -> Entity:
    parent: Any = props.get("parent")
    return Entity(
        moref=ref,
        name=unescape(props.get("name", ref)),
        parent=moref(parent) if parent is not None else None,
        kind=kind,
        usable=flag is None or props.get(flag) in {True, "connected"},
    )


def datacenters(entities: dict[str, Entity]) -> Iterator[str]:
    """Morefs of the datacenters among them."""
    return (entity.moref for entity in entities.values() if entity.kind == "Datacenter")


def list_custom_fields(session: Session) -> dict[int, str]:
    """Names of the custom attributes, by their keys.

    Raises:
        VSphereError: as `Session.call` does.
    """
    manager = session.content.customFieldsManager
    fields = session.call(lambda: manager.field) if manager else ()
    return {int(field.key): str(field.name) for field in fields or ()}
