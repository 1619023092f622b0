"""How anything that several VMs share is made once."""

from collections.abc import Callable
from dataclasses import replace

from polyvisor.adoption.journal import Thing
from polyvisor.adoption.work import Work

#: Gives the id, and whether apply has made it.
Found = tuple[str, bool]


def ensure(work: Work, thing: Thing, find: Callable[[], Found | None], make: Callable[[], str]) -> Thing:
    """Give the thing with its id: as found, which tells also that it is gone since, or made.

    Raises:
        RefusedError: OpenStack said no.
    """
    known = work.journal.thing(thing.owner, thing.kind, thing.key)
    if found := find():
        made = found[1] or (known is not None and known.made and known.id == found[0])
        there = replace(thing, id=found[0], made=made)
    else:
        work.journal.write(thing)
        work.tell(thing.kind, f"making {thing.kind} {thing.key}")
        there = replace(thing, id=make())
    if there != known:
        work.journal.write(there)
    return there
