"""How things are made once, whatever happens on the way."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

from polyvisor.adoption.clouds import RefusedError
from polyvisor.adoption.journal import Thing
from polyvisor.adoption.message import say
from polyvisor.adoption.work import Work

#: Gives the id, and whether apply has made it.
Found = tuple[str, bool]


@contextmanager
def recorded(work: Work, *things: Thing) -> Iterator[None]:
    """Write down that things are asked for; what was plainly refused is not looked for later.

    Raises:
        RefusedError: OpenStack said no.
    """
    work.journal.write(*things)
    try:
        yield
    except RefusedError as exc:
        if exc.status is not None and 400 <= exc.status < 500:
            work.journal.forget(*things)
        raise


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
        work.tell(thing.kind, say("making", kind=thing.kind, key=thing.key))
        with recorded(work, thing):
            there = replace(thing, id=make())
    if there != known:
        work.journal.write(there)
    return there
