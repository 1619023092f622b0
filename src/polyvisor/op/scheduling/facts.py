"""What a cloud has for a server that is wanted, asked of it now: in a few requests, whatever its size."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from keystoneauth1 import exceptions as keystone
from openstack import exceptions as sdk

from polyvisor.op.scheduling.candidate import Candidate, Flavor, Quota, Size, Wanted

#: As Nova calls types of hypervisors, and images name them -> as we do.
HYPERVISORS = {
    "vmware vcenter server": "vmware",
    "vmware": "vmware",
    "qemu": "kvm",
    "kvm": "kvm",
    "xenserver": "xen",
    "xen": "xen",
    "hyperv": "hyperv",
    "ironic": "ironic",
}
_REFUSED = (sdk.ForbiddenException, sdk.NotFoundException, keystone.EndpointNotFound, keystone.Forbidden)
_CLASSES = ("VCPU", "MEMORY_MB", "DISK_GB")


@dataclass(frozen=True, slots=True)
class Project:
    """What the tenant's project says, asked as its account."""

    flavor: Flavor | None
    image_id: str | None
    image_for: str | None
    networks: tuple[str, ...]
    missing_networks: tuple[str, ...]
    quota: Quota | None
    servers: int
    zones: tuple[str, ...]


@dataclass
class Group:
    """The hosts of one kind in one zone."""

    enabled: bool = False
    labels: dict[str, str] = field(default_factory=dict)
    providers: list[str] = field(default_factory=list)


def of_project(cloud: Any, wanted: Wanted) -> Project:
    """Ask as the account of the tenant's project."""
    image = cloud.image.find_image(wanted.image, ignore_missing=True)
    found = {name: cloud.network.find_network(name, ignore_missing=True) for name in wanted.networks}
    limits = cloud.compute.get_limits().absolute
    zones = [one.name for one in cloud.compute.availability_zones() if one.state.get("available", True)]
    return Project(
        flavor=_flavor(list(cloud.compute.flavors(details=True)), wanted),
        image_id=image.id if image else None,
        image_for=_image_for(image) if image else None,
        networks=tuple(one.id for one in found.values() if one),
        missing_networks=tuple(name for name, one in found.items() if not one),
        quota=Quota(
            _left(limits.instances, limits.instances_used),
            _left(limits.total_cores, limits.total_cores_used),
            _left(limits.total_ram, limits.total_ram_used),
        ),
        servers=limits.instances_used or 0,
        zones=tuple(zones),
    )


def of_hosts(cloud: Any) -> dict[tuple[str, str], Group] | None:
    """Ask as the account of the cloud: (zone, kind) -> hosts; None if it may not know."""
    try:
        services = {one.host: one for one in cloud.compute.services(binary="nova-compute")}
        aggregates = list(cloud.compute.aggregates())
        hypervisors = list(cloud.compute.hypervisors(details=True))
    except _REFUSED:
        return None
    groups: dict[tuple[str, str], Group] = defaultdict(Group)
    for one in hypervisors:
        host = (one.service_details or {}).get("host") or one.name
        service = services.get(host)
        kind = (one.hypervisor_type or "").lower()
        group = groups[service.availability_zone if service else "", HYPERVISORS.get(kind, kind)]
        up = one.state == "up" and one.status == "enabled"
        group.enabled = group.enabled or up
        if up:
            group.providers.append(str(one.id))
        for aggregate in aggregates:
            if host in (aggregate.hosts or ()):
                group.labels |= aggregate.metadata or {}
    return dict(groups)


def of_room(cloud: Any, size: Size) -> dict[str, tuple[Size, Size]] | None:
    """Provider -> (free, capacity), of those where it fits; None if the account may not know."""
    amounts = zip(_CLASSES, (size.vcpus, size.ram_mb, size.disk_gb), strict=True)
    resources = ",".join(f"{name}:{amount}" for name, amount in amounts if amount)
    path = f"/allocation_candidates?resources={resources}&limit=1000"
    try:
        answer = cloud.placement.get(path, microversion="1.29")
        sdk.raise_from_response(answer)
    except _REFUSED:
        return None
    summaries = answer.json()["provider_summaries"]
    return {key: _room(one["resources"]) for key, one in summaries.items()}


def candidates(
    base: Candidate, project: Project, groups: dict[tuple[str, str], Group] | None, room: Any
) -> list[Candidate]:
    """The candidates of a cloud."""
    known = replace(
        base,
        flavor=project.flavor,
        image_id=project.image_id,
        image_for=project.image_for,
        networks=project.networks,
        missing_networks=project.missing_networks,
        quota=project.quota,
        servers=project.servers,
    )
    if groups is None:
        return [replace(known, zone=zone, only_zone=len(project.zones) == 1) for zone in project.zones]
    zones = [zone for zone, _ in groups]
    made = []
    for (zone, kind), group in groups.items():
        free, capacity = _largest(group.providers, room)
        made.append(
            replace(
                known,
                zone=zone,
                hypervisor=kind,
                enabled=group.enabled,
                labels=group.labels,
                mixed=zones.count(zone) > 1,
                only_zone=len(set(zones)) == 1,
                free=free,
                capacity=capacity,
            )
        )
    return made


def _largest(
    providers: Sequence[str], room: dict[str, tuple[Size, Size]] | None
) -> tuple[Size | None, Size | None]:
    if room is None:
        return None, None
    fits = [room[key] for key in providers if key in room]
    nothing = Size(0, 0, 0)
    return max(fits, key=lambda one: (one[0].ram_mb, one[0].vcpus), default=(nothing, nothing))


def _room(resources: dict[str, dict[str, int]]) -> tuple[Size, Size]:
    none = {"capacity": 0, "used": 0}
    all_of_it = [resources.get(name, none)["capacity"] for name in _CLASSES]
    used = [resources.get(name, none)["used"] for name in _CLASSES]
    return Size(*(whole - part for whole, part in zip(all_of_it, used, strict=True))), Size(*all_of_it)


def _flavor(there: list[Any], wanted: Wanted) -> Flavor | None:
    """The flavor of that name, or the smallest that has at least that size."""
    if wanted.flavor is not None:
        fits = [one for one in there if wanted.flavor in {one.name, one.id}]
    else:
        fits = [one for one in there if _covers(one, wanted)]
    best = min(fits, key=lambda one: (one.vcpus, one.ram, one.disk), default=None)
    return Flavor(best.id, best.name, Size(best.vcpus, best.ram, best.disk)) if best else None


def _covers(flavor: Any, wanted: Wanted) -> bool:
    return bool(
        flavor.vcpus >= (wanted.vcpus or 0)
        and flavor.ram >= (wanted.ram_mb or 0)
        and flavor.disk >= (wanted.disk_gb or 0)
    )


def _image_for(image: Any) -> str | None:
    more = image.properties or {}
    said = image.hypervisor_type or more.get("img_hv_type") or getattr(image, "img_hv_type", None)
    return HYPERVISORS.get(str(said).lower(), str(said).lower()) if said else None


def _left(limit: int | None, used: int | None) -> int:
    return -1 if limit is None or limit < 0 else max(0, limit - (used or 0))
