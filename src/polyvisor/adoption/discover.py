"""Read everything about a vCenter's VMs, one bulk read for each type of object."""

from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime
from typing import Final

from polyvisor.adoption.discovery import Discovery, VCenter, path
from polyvisor.vsphere.entity import Entity, datacenters, list_custom_fields, list_entities
from polyvisor.vsphere.privilege import missing_privileges
from polyvisor.vsphere.segment import list_segments
from polyvisor.vsphere.session import Session
from polyvisor.vsphere.tag import list_tags
from polyvisor.vsphere.virtual_machine import VirtualMachine, stream_virtual_machines

_VM: Final = "VirtualMachine"
#: What Nova, Neutron, Cinder and adoption do with an adopted VM, by the kind of object on which the account
#: must be allowed to. On folders it is about the VMs in them. Names: vSphere Security, "Defined Privileges".
REQUIRED_PRIVILEGES: Final[Mapping[str, tuple[str, ...]]] = {
    "Folder": (
        "System.View",
        f"{_VM}.Config.AddExistingDisk",
        f"{_VM}.Config.AddNewDisk",
        f"{_VM}.Config.AddRemoveDevice",
        f"{_VM}.Config.AdvancedConfig",
        f"{_VM}.Config.CPUCount",
        f"{_VM}.Config.DiskExtend",
        f"{_VM}.Config.EditDevice",
        f"{_VM}.Config.Memory",
        f"{_VM}.Config.RemoveDisk",
        f"{_VM}.Config.Settings",
        f"{_VM}.Interact.ConsoleInteract",
        f"{_VM}.Interact.PowerOff",
        f"{_VM}.Interact.PowerOn",
        f"{_VM}.Interact.Reset",
        f"{_VM}.Interact.Suspend",
        f"{_VM}.State.CreateSnapshot",
        f"{_VM}.State.RemoveSnapshot",
        f"{_VM}.State.RevertToSnapshot",
    ),
    "ClusterComputeResource": ("Resource.AssignVMToPool", "Resource.ColdMigrate", "Resource.HotMigrate"),
    "Datastore": ("Datastore.AllocateSpace", "Datastore.Browse", "Datastore.FileManagement"),
}


def discover(
    session: Session,
    progress: Callable[[str, int], None] = lambda _what, _count: None,
    *,
    with_tags: bool = True,
) -> Discovery:
    """Read a vCenter. It only reads.

    Args:
        progress: told what is being read, and how much of it is there.
        with_tags: read tags, for which vCenter's REST interface must answer.

    Raises:
        VSphereError: as `Session.call` does.
    """
    progress("inventory", 0)
    entities = list_entities(session)
    segments = [item for ref in datacenters(entities) for item in list_segments(session, ref)]
    vms: list[VirtualMachine] = []
    for vm in stream_virtual_machines(session):
        vms.append(vm)
        progress("VMs", len(vms))
    progress("tags", 0)
    tags = list_tags(session, [vm.moref for vm in vms]) if with_tags else None
    return Discovery(
        vcenter=_vcenter(session, entities, {vm.folder for vm in vms}),
        entities=entities,
        segments=tuple(segments),
        custom_fields=list_custom_fields(session),
        tags=tags,
        vms=tuple(vms),
    )


def _vcenter(session: Session, entities: Mapping[str, Entity], folders: Collection[str | None]) -> VCenter:
    about = session.content.about
    return VCenter(
        uuid=str(about.instanceUuid),
        address=f"{session.endpoint.host}:{session.endpoint.port}",
        version=f"{about.version} build {about.build}",
        account=session.endpoint.username,
        at=datetime.now(UTC).isoformat(timespec="seconds"),
        missing_privileges=_missing(session, entities, folders),
    )


def _missing(
    session: Session, entities: Mapping[str, Entity], folders: Collection[str | None]
) -> dict[str, tuple[str, ...]]:
    """What the account may not do, by the path of the object; of folders, those with VMs in them count."""
    missing: dict[str, tuple[str, ...]] = {}
    for kind, privileges in REQUIRED_PRIVILEGES.items():
        concerned = [
            ref
            for ref, entity in entities.items()
            if entity.kind == kind and (kind != "Folder" or ref in folders)
        ]
        lacking = missing_privileges(session, kind, concerned, privileges)
        missing.update((path(entities, ref), privileges) for ref, privileges in lacking.items())
    return missing
