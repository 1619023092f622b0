"""API tokens, for programs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from polyvisor.op.audit import entry
from polyvisor.op.audit.entry import Target
from polyvisor.op.db.base import now
from polyvisor.op.db.engine import Database
from polyvisor.op.db.models import ApiToken, User
from polyvisor.op.identity import password
from polyvisor.op.identity.actor import Actor
from polyvisor.op.message import say
from polyvisor.op.problem import NotFound, Unauthenticated
from polyvisor.op.rights import Right

#: So that people and scanners of repositories know one when they see it.
PREFIX = "pvt_"
_TOUCH = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Issued:
    """A new token: the secret is shown once and kept nowhere."""

    token: ApiToken
    secret: str


def issue(  # noqa: PLR0913, PLR0917 - what a token consists of
    session: Session,
    actor: Actor,
    user: User,
    name: str,
    expires_at: datetime,
    rights: Sequence[Right] | None = None,
) -> Issued:
    """Make a token of a user, with all the user's rights or only some, now and later."""
    secret = PREFIX + password.generate()
    limit = None if rights is None else sorted(set(rights))
    made = ApiToken(
        user_id=user.id, name=name, digest=password.digest(secret), rights=limit, expires_at=expires_at
    )
    session.add(made)
    session.flush()
    entry.record(session, actor, "token.create", Target(made.id, name), user=user.name, rights=limit)
    return Issued(made, secret)


def find(database: Database, secret: str) -> tuple[ApiToken, User]:
    """The token and its user. Raises Unauthenticated."""
    moment = now()
    with database.read() as session:
        row = session.execute(
            select(ApiToken, User)
            .join(User, User.id == ApiToken.user_id)
            .where(ApiToken.digest == password.digest(secret), User.disabled.is_(False))
        ).one_or_none()
    if row is None:
        raise Unauthenticated(say("token_unknown"))
    found, user = row
    if found.expires_at <= moment:
        raise Unauthenticated(say("token_expired", name=found.name, at=f"{found.expires_at:%Y-%m-%d %H:%M}"))
    if found.last_used_at is None or moment - found.last_used_at > _TOUCH:
        with database.write() as session:
            kept = session.get(ApiToken, found.id)
            if kept:
                kept.last_used_at = moment
    return found, user


def list_of(session: Session, user_id: str) -> list[ApiToken]:
    """The tokens of a user, the latest first."""
    statement = select(ApiToken).where(ApiToken.user_id == user_id)
    return list(session.scalars(statement.order_by(ApiToken.created_at.desc(), ApiToken.id)))


def revoke(session: Session, actor: Actor, key: str, *, user_id: str) -> None:
    """Remove a token of a user. Raises NotFound."""
    found = session.get(ApiToken, key)
    if found is None or found.user_id != user_id:
        raise NotFound.of("token", key)
    session.delete(found)
    entry.record(session, actor, "token.remove", Target(key, found.name))
