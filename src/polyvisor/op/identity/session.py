"""Sessions of browsers, known by a cookie."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from polyvisor.op.audit import entry
from polyvisor.op.audit.entry import Target
from polyvisor.op.db.base import now
from polyvisor.op.db.engine import Database
from polyvisor.op.db.models import LoginSession, User
from polyvisor.op.identity import password
from polyvisor.op.identity.actor import Actor
from polyvisor.op.message import say
from polyvisor.op.problem import Forbidden, NotFound, Unauthenticated
from polyvisor.op.settings import Settings

#: A session's last use is written down no more often than that.
_TOUCH = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Opened:
    """A new session: the secret goes into the cookie and is kept nowhere else."""

    session: LoginSession
    secret: str


def open_session(session: Session, settings: Settings, actor: Actor, user: User) -> Opened:
    """Log a user in."""
    secret, moment = password.generate(), now()
    kept = session.get_one(User, user.id)
    kept.last_login_at = moment
    made = LoginSession(
        digest=password.digest(secret),
        user_id=user.id,
        csrf=password.generate(),
        address=actor.address,
        expires_at=moment + timedelta(hours=settings.session_hours),
    )
    session.add(made)
    session.flush()
    entry.record(session, actor, "session.create", Target(user.id, user.name), source=user.source)
    return Opened(made, secret)


def find(database: Database, settings: Settings, secret: str) -> tuple[LoginSession, User]:
    """The session of a cookie, and its user. Raises Unauthenticated if it has ended."""
    moment = now()
    with database.read() as session:
        row = session.execute(
            select(LoginSession, User)
            .join(User, User.id == LoginSession.user_id)
            .where(LoginSession.digest == password.digest(secret), User.disabled.is_(False))
        ).one_or_none()
    if row is None:
        raise Unauthenticated(say("session_ended"))
    found, user = row
    idle = found.last_seen_at + timedelta(minutes=settings.session_idle_minutes)
    if moment >= min(found.expires_at, idle):
        raise Unauthenticated(say("session_expired"))
    if moment - found.last_seen_at > _TOUCH:
        with database.write() as session:
            kept = session.get(LoginSession, found.id)
            if kept:
                kept.last_seen_at = moment
    return found, user


def check_csrf(found: LoginSession, given: str | None) -> None:
    """Raise Forbidden unless the request proves that a page of ours sent it."""
    if not given or not hmac.compare_digest(found.csrf.encode(), given.encode()):
        raise Forbidden(say("bad_csrf"))


def close(session: Session, actor: Actor, key: str, *, user_id: str) -> None:
    """End a session of a user. Raises NotFound."""
    found = session.get(LoginSession, key)
    if found is None or found.user_id != user_id:
        raise NotFound.of("session", key)
    session.delete(found)
    entry.record(session, actor, "session.remove", Target(user_id, actor.name))


def clean(session: Session) -> None:
    """Forget sessions that have expired."""
    session.execute(delete(LoginSession).where(LoginSession.expires_at < now()))
