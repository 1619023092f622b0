"""Where servers come from: those that were adopted, and those of them that the platform has adopted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import select
from sqlalchemy.orm import Session

from polyvisor.op.db.models import Adoption, JournalThing
from polyvisor.op.db.models.resource import Kind
from polyvisor.op.inventory.found import Found

ADOPTED = "adopted"


def mark(session: Session, cloud_id: str, found: Sequence[Found]) -> list[Found]:
    """The same, with the attribute ``adoption`` in servers that the platform has adopted: its id."""
    keys = [one.external_id for one in found if one.kind == Kind.SERVER]
    if not keys:
        return list(found)
    mine = select(JournalThing.external_id, Adoption.id).join(
        Adoption, Adoption.id == JournalThing.adoption_id
    )
    wanted = (JournalThing.kind == "server", JournalThing.external_id.in_(keys))
    made = mine.where(Adoption.cloud_id == cloud_id, *wanted)
    by_server = dict(session.execute(made).tuples().all())
    return [_by(by_server[one.external_id], one) if one.external_id in by_server else one for one in found]


def adopted(one: Found) -> Found:
    """The same server, with the attribute ``origin``, which others have not."""
    return replace(one, attributes={**one.attributes, "origin": ADOPTED}, words=(*one.words, ADOPTED))


def _by(adoption: str, one: Found) -> Found:
    # The cloud may be without what tells of adopted servers.
    known = one if one.attributes.get("origin") == ADOPTED else adopted(one)
    return replace(known, attributes={**known.attributes, "adoption": adoption})
