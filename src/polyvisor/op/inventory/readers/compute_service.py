"""Compute services with the capacity of their hypervisors, by Nova."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime

from polyvisor.op.db.models.resource import Kind
from polyvisor.op.inventory.found import TOP, Batch, Found, moment
from polyvisor.op.inventory.readers.base import PAGE, Item, Reader, Source, following

VCENTER = "VMware vCenter Server"
_ADDED = ("vcpus", "vcpus_used", "memory_mb", "memory_mb_used", "local_gb", "local_gb_used", "running_vms")


def page(source: Source, _marker: str | None, _since: datetime | None) -> Batch:
    """All compute services; a page would not know of its hypervisors."""
    # Capacity left the answer in 2.88: Placement has it, by other names and for each class apart.
    microversion = source.microversion("compute", "2.53")
    services = source.get("compute", "/os-services", microversion, binary="nova-compute")["services"]
    hypervisors = defaultdict(list)
    for one in _hypervisors(source, microversion):
        hypervisors[one["service"]["host"]].append(one)
    return Batch([found(one, hypervisors[one["host"]]) for one in services])


def _hypervisors(source: Source, microversion: str | None) -> list[Item]:
    read: list[Item] = []
    marker = None
    while True:
        body = source.get("compute", "/os-hypervisors/detail", microversion, limit=PAGE, marker=marker)
        read += body["hypervisors"]
        marker = following(body, "hypervisors")
        if marker is None:
            return read


def found(service: Item, hypervisors: list[Item]) -> Found:
    """A compute service. One of a VMware cluster is in no tree: the cluster is."""
    types = sorted({one["hypervisor_type"] for one in hypervisors})
    return Found(
        Kind.COMPUTE_SERVICE,
        service["host"],
        service["host"],
        service["state"] if service["status"] == "enabled" else service["status"],
        place=None if types == [VCENTER] else TOP,
        updated=moment(service.get("updated_at")) if service["state"] == "down" else None,
        attributes={
            "state": service["state"],
            "status": service["status"],
            "zone": service.get("zone"),
            "disabled_reason": service.get("disabled_reason"),
            "hypervisor_types": types,
            "hypervisors": [one["hypervisor_hostname"] for one in hypervisors],
        }
        | {name: sum(one.get(name) or 0 for one in hypervisors) for name in _ADDED},
    )


READER = Reader("compute_service", (Kind.COMPUTE_SERVICE,), page, seconds=10)
