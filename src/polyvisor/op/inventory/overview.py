"""The numbers of a dashboard: for each cloud, how it fares, what is on it, what room there is."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from polyvisor.op.db.models import Cloud, Resource, Sync
from polyvisor.op.db.models.resource import Kind, SyncState
from polyvisor.op.inventory.readers.compute_service import VCENTER
from polyvisor.op.inventory.sight import Sight


@dataclass(slots=True)
class Capacity:
    """What hosts have and what is used of it."""

    vcpus: int = 0
    vcpus_used: int = 0
    memory_bytes: int = 0
    memory_used_bytes: int = 0
    storage_bytes: int = 0
    storage_free_bytes: int = 0


@dataclass(slots=True)
class Reader:
    """How reading one part of a cloud went."""

    name: str
    state: str
    reason: str | None
    message: dict[str, Any] | None
    read_at: datetime | None


@dataclass(slots=True)
class CloudView:
    """A cloud in numbers. ``capacity`` and ``readers`` are for those who may see all of the cloud."""

    id: str
    name: str
    health: str
    health_reason: str | None
    health_message: dict[str, Any] | None
    draining: bool
    #: Everything was read at least once.
    complete: bool
    resources: dict[str, int] = field(default_factory=dict)
    servers: dict[str, int] = field(default_factory=dict)
    capacity: Capacity | None = None
    readers: list[Reader] = field(default_factory=list)


def clouds(session: Session, sight: Sight) -> list[CloudView]:
    """All clouds of which something may be seen."""
    seen = sight.clouds | sight.reached
    numbers = _numbers(session, sight)
    syncs = _syncs(session)
    views = []
    for cloud in session.scalars(select(Cloud).order_by(Cloud.name)):
        if cloud.id not in seen:
            continue
        whole = sight.cloud(cloud.id)
        view = CloudView(
            cloud.id,
            cloud.name,
            cloud.health,
            cloud.health_reason if whole else None,
            cloud.health_message if whole else None,
            cloud.draining,
            complete=_complete(syncs[cloud.id]),
            resources=_sums(numbers[cloud.id]),
            servers={status: count for kind, status, count in numbers[cloud.id] if kind == Kind.SERVER},
            capacity=_capacity(session, cloud.id) if whole else None,
            readers=[_reader(one) for one in syncs[cloud.id]] if whole else [],
        )
        views.append(view)
    return views


def _numbers(session: Session, sight: Sight) -> dict[str, list[tuple[str, str, int]]]:
    """Cloud -> how many of each kind and status."""
    columns = (Resource.cloud_id, Resource.kind, Resource.status)
    statement = (
        select(*columns, func.count()).where(Resource.gone_at.is_(None), sight.resources()).group_by(*columns)
    )
    found = defaultdict(list)
    for cloud_id, kind, status, count in session.execute(statement):
        found[cloud_id].append((kind, status, count))
    return found


def _sums(numbers: Iterable[tuple[str, str, int]]) -> dict[str, int]:
    sums: dict[str, int] = defaultdict(int)
    for kind, _, count in numbers:
        sums[kind] += count
    return dict(sums)


def _syncs(session: Session) -> dict[str, list[Sync]]:
    found = defaultdict(list)
    for one in session.scalars(select(Sync).order_by(Sync.reader)):
        found[one.cloud_id].append(one)
    return found


def _reader(sync: Sync) -> Reader:
    return Reader(sync.reader, sync.state, sync.reason, sync.message, sync.read_at)


def _complete(syncs: list[Sync]) -> bool:
    return bool(syncs) and all(one.read_at or one.state != SyncState.NEW for one in syncs)


def _capacity(session: Session, cloud_id: str) -> Capacity:
    """Of VMware as its hosts and datastores say, of the rest as Nova says."""
    sums = Capacity()
    kinds = (Kind.COMPUTE_SERVICE, Kind.ESXI_HOST, Kind.DATASTORE)
    statement = select(Resource.kind, Resource.attributes).where(
        Resource.cloud_id == cloud_id, Resource.kind.in_(kinds), Resource.gone_at.is_(None)
    )
    for kind, attributes in session.execute(statement):
        _ADD[kind](sums, defaultdict(int, {key: value for key, value in attributes.items() if value}))
    return sums


def _add_compute(sums: Capacity, of: dict[str, Any]) -> None:
    sums.vcpus_used += of["vcpus_used"]
    if of["hypervisor_types"] == [VCENTER]:
        return
    sums.vcpus += of["vcpus"]
    sums.memory_bytes += of["memory_mb"] << 20
    sums.memory_used_bytes += of["memory_mb_used"] << 20
    sums.storage_bytes += of["local_gb"] << 30
    sums.storage_free_bytes += (of["local_gb"] - of["local_gb_used"]) << 30


def _add_host(sums: Capacity, of: dict[str, Any]) -> None:
    sums.vcpus += of["cpu_cores"]
    sums.memory_bytes += of["memory_bytes"]
    sums.memory_used_bytes += of["memory_used_bytes"]


def _add_datastore(sums: Capacity, of: dict[str, Any]) -> None:
    sums.storage_bytes += of["capacity_bytes"]
    sums.storage_free_bytes += of["free_bytes"]


_ADD = {Kind.COMPUTE_SERVICE: _add_compute, Kind.ESXI_HOST: _add_host, Kind.DATASTORE: _add_datastore}
