"""Filters: each gives the reason why a candidate will not do, or None."""

from __future__ import annotations

from collections.abc import Callable

from polyvisor.op.scheduling.candidate import Candidate, Wanted

Filter = Callable[[Wanted, Candidate], str | None]


def right(_wanted: Wanted, candidate: Candidate) -> str | None:
    """Whoever asks may make servers there."""
    return None if candidate.allowed else "no right server.create for this tenant or on this cloud"


def cloud(wanted: Wanted, candidate: Candidate) -> str | None:
    """It is the cloud that was asked for, if one was."""
    return None if wanted.cloud_id in {None, candidate.cloud_id} else "another cloud was asked for"


def drain(_wanted: Wanted, candidate: Candidate) -> str | None:
    """Nothing new goes to a cloud that is drained, or to hosts that are in maintenance."""
    if candidate.draining:
        return "the cloud is being drained"
    return None if candidate.enabled else "its compute services are disabled, down or in maintenance"


def reachable(_wanted: Wanted, candidate: Candidate) -> str | None:
    """The cloud answers."""
    return candidate.fault


def capability(wanted: Wanted, candidate: Candidate) -> str | None:
    """An ESXi host or a datastore is named only where Polyvisor's plug-in is."""
    if not (wanted.host or wanted.datastore) or (candidate.plugin and candidate.hypervisor in {"vmware", ""}):
        return None
    return "a host or datastore can be named on VMware only, with Polyvisor's plug-in in the cloud's Nova"


def hypervisor(wanted: Wanted, candidate: Candidate) -> str | None:
    """The kind of hypervisor is that which was asked for, and that of the image."""
    kind = candidate.hypervisor
    if wanted.hypervisor and kind and kind != wanted.hypervisor:
        return f"{wanted.hypervisor} was asked for, and its hosts are {kind}"
    if candidate.image_for and kind and candidate.image_for != kind:
        return f"the image is for {candidate.image_for}, and its hosts are {kind}"
    if candidate.mixed and wanted.hypervisor and not candidate.image_for:
        return "the zone has several kinds of hypervisor, and the image does not say for which it is"
    return None


def zone(wanted: Wanted, candidate: Candidate) -> str | None:
    """The zone is that which was asked for."""
    return None if wanted.zone in {None, candidate.zone} else f"zone {wanted.zone} was asked for"


def labels(wanted: Wanted, candidate: Candidate) -> str | None:
    """Its host aggregates have the labels that were asked for."""
    for name, value in wanted.labels.items():
        if candidate.labels.get(name) != value:
            return f"no host aggregate there says {name}={value}"
    return None


def flavor(_wanted: Wanted, candidate: Candidate) -> str | None:
    """There is a flavor of that size."""
    return None if candidate.flavor else "no flavor of the cloud has that name or size"


def image(wanted: Wanted, candidate: Candidate) -> str | None:
    """The image is there."""
    return None if candidate.image_id else f"no image {wanted.image!r} that the project may use"


def network(_wanted: Wanted, candidate: Candidate) -> str | None:
    """All networks are there."""
    missing = ", ".join(candidate.missing_networks)
    return f"no network {missing} that the project may use" if missing else None


def quota(_wanted: Wanted, candidate: Candidate) -> str | None:
    """The project's quota has room, and so has what is reserved left."""
    left, wanted = candidate.quota, candidate.flavor
    if left is None or wanted is None:
        return None
    needs = {"servers": (left.instances, 1), "vCPUs": (left.vcpus, wanted.size.vcpus)}
    needs["MiB of memory"] = (left.ram_mb, wanted.size.ram_mb)
    for unit, (has, need) in needs.items():
        if 0 <= has < need:
            return f"the project's quota has {has} {unit} left, and {need} are needed"
    return None


def room(_wanted: Wanted, candidate: Candidate) -> str | None:
    """One of its hosts has room."""
    free, wanted = candidate.free, candidate.flavor
    if free is None or wanted is None:
        return None
    for unit, has, need in (
        ("vCPUs", free.vcpus, wanted.size.vcpus),
        ("MiB of memory", free.ram_mb, wanted.size.ram_mb),
        ("GiB of disk", free.disk_gb, wanted.size.disk_gb),
    ):
        if has < need:
            return f"no host has {need} {unit} free; the most is {has}"
    return None


#: In this order: the first that refuses gives the reason.
FILTERS: tuple[Filter, ...] = (
    right,
    cloud,
    drain,
    reachable,
    capability,
    zone,
    image,
    hypervisor,
    network,
    labels,
    flavor,
    quota,
    room,
)
