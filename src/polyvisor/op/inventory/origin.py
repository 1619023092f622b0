"""Where servers come from, as far as the platform knows: those that it has adopted."""

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
    """The same, with the attribute ``origin`` in servers that were adopted; others have none."""
    keys = [one.external_id for one in found if one.kind == Kind.SERVER]
    if not keys:
        return list(found)
    mine = select(JournalThing.external_id).join(Adoption, Adoption.id == JournalThing.adoption_id)
    wanted = (JournalThing.kind == "server", JournalThing.external_id.in_(keys))
    adopted = set(session.scalars(mine.where(Adoption.cloud_id == cloud_id, *wanted)))
    return [_marked(one) if one.external_id in adopted else one for one in found]


def _marked(one: Found) -> Found:
    return replace(one, attributes={**one.attributes, "origin": ADOPTED}, words=(*one.words, ADOPTED))
