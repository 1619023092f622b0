"""Pages by key, not by number: the last is as quick as the first, and none skips or repeats a row."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Select, and_, false, or_, select, tuple_
from sqlalchemy.orm import InstrumentedAttribute, Session

from polyvisor.op.message import say
from polyvisor.op.problem import Invalid

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Key:
    """A column to sort by; it must never be NULL. The last of several must be unique."""

    column: InstrumentedAttribute[Any]
    descending: bool = False

    def after(self, value: Any) -> ColumnElement[bool]:
        """What comes after a value."""
        beyond: ColumnElement[bool] = self.column < value if self.descending else self.column > value
        return beyond


@dataclass(frozen=True, slots=True)
class Slice:
    """Which part of a list: at most ``limit`` rows after ``cursor``."""

    limit: int = 100
    cursor: str | None = None


def fetch(
    session: Session, statement: Select[T], order: Sequence[Key], part: Slice
) -> tuple[list[T], str | None]:
    """The rows of a part, and the cursor of the next or None. Raises Invalid for a bad cursor."""
    if part.cursor is not None:
        statement = statement.where(_beyond(order, _decode(part.cursor, order)))
    columns = [key.column.desc() if key.descending else key.column.asc() for key in order]
    rows = list(session.scalars(statement.order_by(*columns).limit(part.limit + 1)))
    if len(rows) <= part.limit:
        return rows, None
    rows.pop()
    return rows, _encode([getattr(rows[-1], key.column.key) for key in order])


def fetch_keys(
    session: Session, conditions: Sequence[ColumnElement[bool]], order: Sequence[Key], part: Slice
) -> tuple[list[Any], str | None]:
    """The last key of the rows of a part, and the next cursor: what a covering index can answer alone."""
    statement = select(*(key.column for key in order)).where(*conditions)
    if part.cursor is not None:
        statement = statement.where(_beyond(order, _decode(part.cursor, order)))
    columns = [key.column.desc() if key.descending else key.column.asc() for key in order]
    rows = list(session.execute(statement.order_by(*columns).limit(part.limit + 1)))
    if len(rows) <= part.limit:
        return [row[-1] for row in rows], None
    rows.pop()
    return [row[-1] for row in rows], _encode(list(rows[-1]))


def _beyond(order: Sequence[Key], values: list[Any]) -> ColumnElement[bool]:
    """(a, b) > (x, y), which an index answers; spelled out where directions differ."""
    if len({key.descending for key in order}) == 1:
        here = tuple_(*(key.column for key in order))
        there = tuple_(*values, types=[key.column.type for key in order])
        return here < there if order[0].descending else here > there
    options: list[ColumnElement[bool]] = []
    for place, key in enumerate(order):
        same = [former.column == value for former, value in zip(order[:place], values, strict=False)]
        options.append(and_(*same, key.after(values[place])))
    return or_(false(), *options)


def _encode(values: list[Any]) -> str:
    plain = [value.isoformat() if isinstance(value, datetime) else value for value in values]
    return base64.urlsafe_b64encode(json.dumps(plain).encode()).decode().rstrip("=")


def _decode(cursor: str, order: Sequence[Key]) -> list[Any]:
    try:
        plain = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        values = [_typed(value, key) for value, key in zip(plain, order, strict=True)]
    except (ValueError, TypeError, RecursionError):
        raise Invalid("query.cursor", say("no_cursor")) from None
    return values


def _typed(value: Any, key: Key) -> Any:
    """A value as the column has it. Raises ValueError if it cannot be one."""
    kind = key.column.type.python_type
    if kind is datetime:
        return datetime.fromisoformat(value)
    if type(value) is not kind or (kind is int and not abs(value) < 2**63):
        raise ValueError(value)
    if kind is str and "\0" in value:  # PostgreSQL has no such text
        raise ValueError(value)
    return value
