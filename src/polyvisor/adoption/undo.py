"""Taking back what was made for VMs: after a failure, after a crash, and to release them."""

import time
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, Final

from polyvisor.adoption.errors import AdoptionError, reason_of
from polyvisor.adoption.journal import Thing
from polyvisor.adoption.message import say, together
from polyvisor.adoption.resources import port, server, ticket, volume
from polyvisor.adoption.resources.server import Watch
from polyvisor.adoption.work import Work
from polyvisor.message import Message
from polyvisor.vsphere.faults import VSphereError

#: In this order. The server first, as it has the others; the ticket is worth nothing without it.
_KINDS: Final[Mapping[str, Any]] = {
    server.KIND: server,
    port.KIND: port,
    volume.KIND: volume,
    ticket.KIND: ticket,
}
_PARALLEL: Final = 8
#: Until the first look at whether Nova has given up on a server; each next one is after twice as long.
_LOOK_SECONDS: Final = 5.0


def undo(work: Work, watch: Watch, vms: Collection[str]) -> dict[str, Message]:
    """Remove all that the journal has of these VMs (ids).

    Returns:
        id of a VM -> what could not be removed, and why. The journal keeps it for the next time.
    """
    left: dict[str, list[Message]] = defaultdict(list)
    things: dict[str, list[Thing]] = defaultdict(list)
    for vm in vms:
        for thing in _known(work, vm, left):
            things[thing.kind].append(thing)
    for kind, module in _KINDS.items():
        removable = [thing for thing in things[kind] if thing.owner not in left]
        _each(removable, partial(_remove, work, left, module.remove))
        if kind == server.KIND:
            _await(work, watch, [thing for thing in removable if thing.owner not in left], left)
    return {vm: together(reasons) for vm, reasons in left.items()}


def _known(work: Work, vm: str, left: Mapping[str, list[Message]]) -> list[Thing]:
    """What a VM has; what was asked for without an answer is looked for."""
    found = []
    for kind, module in _KINDS.items():
        things = work.journal.things(vm, kind)
        found += [thing for thing in things if thing.id]
        unknown = [thing for thing in things if not thing.id]
        if not unknown:
            continue
        try:
            there = module.find(work, unknown)
        except (AdoptionError, VSphereError) as exc:
            left[vm].append(say("unknown_left", kind=kind, reason=reason_of(exc)))
            continue
        work.journal.write(*there)
        found += there
        keys = {thing.key for thing in there}
        work.journal.forget(*(thing for thing in unknown if thing.key not in keys))
    return found


def _remove(
    work: Work, left: Mapping[str, list[Message]], remove: Callable[[Work, Thing], None], thing: Thing
) -> None:
    work.tell(thing.owner, say("removing", kind=thing.kind, key=thing.id))
    try:
        remove(work, thing)
    except (AdoptionError, VSphereError) as exc:
        left[thing.owner].append(say("thing_left", kind=thing.kind, key=thing.id, reason=reason_of(exc)))
        return
    if thing.kind != server.KIND:
        work.journal.forget(thing)


def _await(work: Work, watch: Watch, servers: Iterable[Thing], left: Mapping[str, list[Message]]) -> None:
    owners = {str(thing.id): thing for thing in servers}
    if not owners:
        return
    try:
        watch.ask(owners)
        for id_, why in _staying(work, watch, owners):
            left[owners[id_].owner].append(say("server_left", server=id_, reason=why))
            del owners[id_]
    except AdoptionError as exc:
        for id_, thing in owners.items():
            left[thing.owner].append(say("thing_left", kind=server.KIND, key=id_, reason=exc.message))
        return
    work.journal.forget(*owners.values())


def _staying(work: Work, watch: Watch, servers: Iterable[str]) -> Iterator[tuple[str, Message]]:
    """Wait for servers to be gone; give those that stay, and why, as soon as that is known."""
    waiting, end, pause = set(servers), time.monotonic() + work.patience, _LOOK_SECONDS
    while waiting:
        rest = end - time.monotonic()
        waiting -= watch.wait(waiting, min(rest, pause), {"gone"}).keys()
        stay = {id_ for id_ in waiting if rest <= pause or server.is_idle(work, id_)}
        yield from ((id_, server.fault(work, id_)) for id_ in sorted(stay))
        waiting -= stay
        pause *= 2


def _each(things: Iterable[Thing], do: Callable[[Thing], None]) -> None:
    with ThreadPoolExecutor(_PARALLEL, thread_name_prefix="undo") as pool:
        list(pool.map(do, things))
