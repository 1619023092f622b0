"""Find resources by parts of their names, ids, addresses and whatever else was noted of them.

A word is found wherever it is in a text, as `10.0.` in `10.0.3.7`: by trigrams in both stores.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, literal_column, select, true
from sqlalchemy.orm import Session

from polyvisor.op.db.models import Resource
from polyvisor.op.inventory.sight import Sight

WORDS = 8
#: SQLite: of a text that more rows have than these, reading rows in the order wanted is quicker.
RARE = 2000
_TEXT = "resource_text"


def matching(session: Session, q: str) -> ColumnElement[bool]:
    """The condition that a resource has all words, in any order."""
    words = split(q)
    if not words:
        return true()
    if session.get_bind().dialect.name == "sqlite" and (phrase := _phrase(words)):
        found: Select[Any] = select(literal_column("rowid")).select_from(_table()).where(_match(phrase))
        if _count(session, phrase) <= RARE:
            short = [Resource.words.contains(word, autoescape=True) for word in words if len(word) < 3]
            return and_(Resource.number.in_(found), *short)
    return and_(*(Resource.words.contains(word, autoescape=True) for word in words))


def split(q: str) -> list[str]:
    """The words of what somebody has typed."""
    return q.replace("\0", "").lower().split()[:WORDS]


def best(session: Session, sight: Sight, q: str, limit: int) -> list[Resource]:
    """The best matches of all kinds: names that are it, begin with it, have it; then whatever has it."""
    name = " ".join(split(q))
    if not name:
        return []
    there = (Resource.gone_at.is_(None), sight.resources())
    found: dict[str, Resource] = {}
    for condition in _conditions(session, q, name):
        statement = (
            select(Resource).where(*there, condition).order_by(Resource.name_key, Resource.id).limit(limit)
        )
        found |= {one.id: one for one in session.scalars(statement) if one.id not in found}
        if len(found) >= limit:
            break
    return list(found.values())[:limit]


def _conditions(session: Session, q: str, name: str) -> Sequence[ColumnElement[bool]]:
    after = name[:-1] + chr(ord(name[-1]) + 1)
    return (
        Resource.name_key == name,
        and_(Resource.name_key >= name, Resource.name_key < after),
        matching(session, q),
    )


def _phrase(words: list[str]) -> str | None:
    """All words of three letters and more, as FTS5 wants them."""
    quoted = ['"' + word.replace('"', '""') + '"' for word in words if len(word) >= 3]
    return " AND ".join(quoted) or None


def _table() -> ColumnElement[str]:
    return literal_column(_TEXT)


def _match(phrase: str) -> ColumnElement[bool]:
    return literal_column(_TEXT).op("MATCH")(phrase)


def _count(session: Session, phrase: str) -> int:
    some: Select[Any] = (
        select(literal_column("rowid")).select_from(_table()).where(_match(phrase)).limit(RARE + 1)
    )
    return session.scalar(select(func.count()).select_from(some.subquery())) or 0
