"""Where the VMs of servers on VMware are, and their snapshots: vCenter knows, one server at a time.

A server that has changed is looked at soon, every other one now and then: DRS moves VMs without telling Nova.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from openstack import exceptions as sdk
from sqlalchemy import select
from sqlalchemy.orm import Session

from polyvisor.op.db.base import now
from polyvisor.op.db.models import Resource
from polyvisor.op.db.models.resource import Kind
from polyvisor.op.inventory import events, lease, store
from polyvisor.op.inventory.events import News
from polyvisor.op.inventory.found import Found, Ref, moment
from polyvisor.op.inventory.lease import Task
from polyvisor.op.inventory.readers.base import Item, NoAnswer, Source
from polyvisor.op.platform import Platform

NAME = "placement"
#: Servers that are asked about within one time limit.
PART = 10
AGAIN = timedelta(minutes=10)
#: Seconds until the next part, and until it is looked whether there is one.
SOON, LATER = 0.2, 2.0
_NONE = (sdk.NotFoundException, sdk.ConflictException, sdk.BadRequestException)


@dataclass(frozen=True, slots=True)
class _Server:
    id: str
    external_id: str
    project_id: str | None
    version: int
    placement: Item | None = None
    snapshots: list[Item] = field(default_factory=list)


def look(platform: Platform, task: Task) -> float:
    """Look after the servers of a cloud that are due; give the seconds until there is more to do."""
    with platform.database.read() as session:
        servers = _due(session, task.cloud_id)
    if not servers:
        return LATER
    capabilities = task.capabilities
    answers = platform.clouds.run(
        task.cloud_id,
        lambda connection: [_ask(Source(connection, capabilities), one) for one in servers],
        deadline=platform.settings.cloud_call_seconds * 2,
    )
    with platform.database.write() as session:
        lease.renew(session, task)
        events.lock(session)
        for one in answers:
            _write(session, task.cloud_id, one)
    return SOON if len(servers) == PART else LATER


def _due(session: Session, cloud_id: str) -> list[_Server]:
    statement = (
        select(Resource)
        .where(Resource.cloud_id == cloud_id, Resource.look_due <= now(), Resource.gone_at.is_(None))
        .order_by(Resource.look_due)
        .limit(PART)
    )
    return [
        _Server(one.id, one.external_id, one.project_id, one.version) for one in session.scalars(statement)
    ]


def _ask(source: Source, server: _Server) -> _Server:
    path = f"/servers/{server.external_id}"
    try:
        placement = source.vmware(f"{path}/os-vmware-placement")["placement"]
        snapshots = source.vmware(f"{path}/os-vmware-snapshot")["snapshots"]
    except (*_NONE, sdk.ForbiddenException, NoAnswer):
        # Being built or gone, not for us to see, or its vCenter does not answer: another time.
        return server
    if placement.get("opaque"):
        return server
    return _Server(server.id, server.external_id, server.project_id, server.version, placement, snapshots)


def _write(session: Session, cloud_id: str, server: _Server) -> None:
    row = session.scalars(select(Resource).where(Resource.id == server.id).with_for_update()).first()
    if row is None or row.gone_at is not None:
        return
    # One that has changed since it was asked about is still due.
    if row.version == server.version:
        row.look_due = now() + AGAIN
    if server.placement is None:
        return
    if _move(row, cloud_id, server.placement):
        row.version += 1
        data = {"id": row.id, "kind": row.kind, "version": row.version, "change": "updated"}
        session.flush()
        events.publish(session, [News("resource", data, cloud_id, row.tenant_id)])
    _snapshots(session, cloud_id, server)


def _move(row: Resource, cloud_id: str, placement: Item) -> bool:
    """Note where the VM is; say whether that is news."""
    host, datastore = placement["host"], placement["datastore"]
    before = (row.place_id, row.store_id, row.placement)
    if host:
        row.place_id = Ref(Kind.ESXI_HOST, host["id"]).id(cloud_id)
    row.store_id = Ref(Kind.DATASTORE, datastore["id"]).id(cloud_id) if datastore else None
    row.placement = {
        "host": host and host["name"],
        "cluster": placement["cluster"] and placement["cluster"]["name"],
        "vcenter": placement["vcenter"]["name"],
        "folder": placement["folder"],
        "resource_pool": placement["resource_pool"],
        "vm": placement["vm"]["moref"],
        "disks": [_disk(one, cloud_id) for one in placement["disks"]],
        "requested": placement["requested"],
    }
    return before != (row.place_id, row.store_id, row.placement)


def _disk(disk: Item, cloud_id: str) -> Item:
    datastore: Any = disk["datastore"]
    return {
        "label": disk["label"],
        "file": disk["file"],
        "capacity_bytes": disk["capacity_bytes"],
        "datastore": datastore and datastore["name"],
        "datastore_id": datastore and Ref(Kind.DATASTORE, datastore["id"]).id(cloud_id),
    }


def _snapshots(session: Session, cloud_id: str, server: _Server) -> None:
    found = [_snapshot(one, server) for one in server.snapshots]
    store.put(session, cloud_id, found)
    there = {one.id(cloud_id) for one in found}
    known = session.scalars(
        select(Resource.id).where(
            Resource.server_id == server.id, Resource.kind == Kind.SNAPSHOT, Resource.gone_at.is_(None)
        )
    )
    store.bury(session, [key for key in known if key not in there])


def _snapshot(snapshot: Item, server: _Server) -> Found:
    names = ("description", "memory", "quiesced", "parent", "current", "size_bytes")
    return Found(
        Kind.SNAPSHOT,
        snapshot["id"],
        snapshot["name"],
        snapshot["state"],
        project_id=server.project_id,
        server=Ref(Kind.SERVER, server.external_id),
        created=moment(snapshot["created"]),
        attributes={name: snapshot[name] for name in names},
        words=(snapshot["description"],),
    )
