"""Removing what apply made for several VMs, when nothing uses it any more."""

from collections.abc import Callable, Iterable
from dataclasses import replace

from polyvisor.adoption.clouds import RefusedError, listing
from polyvisor.adoption.journal import SHARED, Thing
from polyvisor.adoption.message import say
from polyvisor.adoption.resources import flavor, network, port_group, subnet
from polyvisor.adoption.work import Work
from polyvisor.message import Message


def prune(work: Work) -> dict[str, Message]:
    """Remove it, as far as it is not used.

    Returns:
        "kind key" -> why something unused could not be removed. The journal keeps it for the next time.
    """
    left: dict[str, Message] = {}
    _locate(work)
    shared = work.journal.things(SHARED)
    for there in (thing for thing in shared if thing.kind == network.KIND):
        if there.id is None or not _has_ports(work, there.id):
            _remove_network(work, there, shared, left)
    adopted = [vm for vm in work.journal.vms().values() if vm.state == "adopted"]
    used = {vm.details.get("flavor") for vm in adopted}
    for thing in (thing for thing in shared if thing.kind == flavor.KIND and thing.key not in used):
        if _drop(work, thing, flavor.remove, left):
            access = [item for item in shared if item.kind == flavor.ACCESS]
            work.journal.forget(*(item for item in access if item.key.startswith(f"{thing.key} ")))
    return left


def _locate(work: Work) -> None:
    """Find what was asked for without an answer, by what apply writes on it."""
    for thing in work.journal.things(SHARED):
        finder = {network.KIND: network, subnet.KIND: subnet, flavor.KIND: flavor}.get(thing.kind)
        if thing.id is None and finder:
            found = finder.find(work, thing)
            work.journal.write(replace(thing, id=found)) if found else work.journal.forget(thing)


def _remove_network(work: Work, there: Thing, shared: Iterable[Thing], left: dict[str, Message]) -> None:
    for kind, remove in (
        (port_group.KIND, port_group.remove),
        (subnet.KIND, subnet.remove),
        (network.SHARE, network.remove),
    ):
        for thing in (item for item in shared if item.kind == kind and item.key.startswith(f"{there.key} ")):
            _drop(work, thing, remove, left)
    _drop(work, there, network.remove, left)


def _has_ports(work: Work, network_id: str) -> bool:
    """Whether somebody is on the network, Neutron's own ports left out."""
    query = {"network_id": network_id, "fields": "device_owner"}
    found = listing(work.clouds.admin.network, "/ports", "ports", query)
    return any(not item["device_owner"].startswith("network:") for item in found)


def _drop(work: Work, thing: Thing, remove: Callable[[Work, Thing], None], left: dict[str, Message]) -> bool:
    """Remove one thing; what apply has not made is only forgotten."""
    if thing.made and thing.id:
        work.tell(thing.kind, say("removing", kind=thing.kind, key=thing.key))
        try:
            remove(work, thing)
        except RefusedError as exc:
            if exc.status != 409:  # else somebody uses it
                left[f"{thing.kind} {thing.key}"] = exc.message
            return False
    work.journal.forget(thing)
    return True
