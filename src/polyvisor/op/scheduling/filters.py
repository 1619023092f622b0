"""Filters: each gives the reason why a candidate will not do, or None."""

from __future__ import annotations

from collections.abc import Callable

from polyvisor.message import Message
from polyvisor.op.message import say
from polyvisor.op.scheduling.candidate import Candidate, Wanted

Filter = Callable[[Wanted, Candidate], Message | None]


def right(_wanted: Wanted, candidate: Candidate) -> Message | None:
    """Whoever asks may make servers there."""
    return None if candidate.allowed else say("no_right_to_create")


def cloud(wanted: Wanted, candidate: Candidate) -> Message | None:
    """It is the cloud that was asked for, if one was."""
    return None if wanted.cloud_id in {None, candidate.cloud_id} else say("other_cloud")


def drain(_wanted: Wanted, candidate: Candidate) -> Message | None:
    """Nothing new goes to a cloud that is drained, or to hosts that are in maintenance."""
    if candidate.draining:
        return say("place_drained")
    return None if candidate.enabled else say("place_disabled")


def reachable(_wanted: Wanted, candidate: Candidate) -> Message | None:
    """The cloud answers."""
    return candidate.fault


def capability(wanted: Wanted, candidate: Candidate) -> Message | None:
    """An ESXi host or a datastore is named only where Polyvisor's plug-in is."""
    if not (wanted.host or wanted.datastore) or (candidate.plugin and candidate.hypervisor in {"vmware", ""}):
        return None
    return say("needs_vmware")


def hypervisor(wanted: Wanted, candidate: Candidate) -> Message | None:
    """The kind of hypervisor is that which was asked for, and that of the image."""
    kind = candidate.hypervisor
    if wanted.hypervisor and kind and kind != wanted.hypervisor:
        return say("other_hypervisor", hypervisor=wanted.hypervisor, hosts=kind)
    if candidate.image_for and kind and candidate.image_for != kind:
        return say("other_image", hypervisor=candidate.image_for, hosts=kind)
    if candidate.mixed and wanted.hypervisor and not candidate.image_for:
        return say("mixed_zone")
    return None


def zone(wanted: Wanted, candidate: Candidate) -> Message | None:
    """The zone is that which was asked for."""
    return None if wanted.zone in {None, candidate.zone} else say("other_zone", zone=wanted.zone)


def labels(wanted: Wanted, candidate: Candidate) -> Message | None:
    """Its host aggregates have the labels that were asked for."""
    for name, value in wanted.labels.items():
        if candidate.labels.get(name) != value:
            return say("no_aggregate", label=f"{name}={value}")
    return None


def flavor(_wanted: Wanted, candidate: Candidate) -> Message | None:
    """There is a flavor of that size."""
    return None if candidate.flavor else say("no_flavor")


def image(wanted: Wanted, candidate: Candidate) -> Message | None:
    """The image is there."""
    return None if candidate.image_id else say("no_image", image=wanted.image)


def network(_wanted: Wanted, candidate: Candidate) -> Message | None:
    """All networks are there."""
    missing = ", ".join(candidate.missing_networks)
    return say("no_network", networks=missing) if missing else None


def quota(_wanted: Wanted, candidate: Candidate) -> Message | None:
    """The project's quota has room, and so has what is reserved left."""
    left, wanted = candidate.quota, candidate.flavor
    if left is None or wanted is None:
        return None
    for code, has, need in (
        ("quota_servers", left.instances, 1),
        ("quota_vcpus", left.vcpus, wanted.size.vcpus),
        ("quota_ram", left.ram_mb, wanted.size.ram_mb),
    ):
        if 0 <= has < need:
            return say(code, has=has, need=need)
    return None


def room(_wanted: Wanted, candidate: Candidate) -> Message | None:
    """One of its hosts has room."""
    free, wanted = candidate.free, candidate.flavor
    if free is None or wanted is None:
        return None
    for code, has, need in (
        ("room_vcpus", free.vcpus, wanted.size.vcpus),
        ("room_ram", free.ram_mb, wanted.size.ram_mb),
        ("room_disk", free.disk_gb, wanted.size.disk_gb),
    ):
        if has < need:
            return say(code, has=has, need=need)
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
