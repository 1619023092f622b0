"""Logging in: by password, with a lock after too many failures, or as an identity provider says."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from polyvisor.op.audit import entry
from polyvisor.op.audit.entry import Target
from polyvisor.op.db.base import now
from polyvisor.op.db.engine import Database
from polyvisor.op.db.models import LoginAttempt, User
from polyvisor.op.db.models.user import LOCAL
from polyvisor.op.identity import password
from polyvisor.op.identity.actor import Actor
from polyvisor.op.identity.user import unlock
from polyvisor.op.message import say
from polyvisor.op.problem import TooMany, Unauthenticated
from polyvisor.op.settings import Settings


@dataclass(frozen=True, slots=True)
class External:
    """Somebody whom an identity provider vouches for."""

    source: str
    external_id: str
    name: str
    display_name: str = ""
    email: str = ""


def by_password(database: Database, settings: Settings, actor: Actor, name: str, secret: str) -> User:
    """The user of a name and a password.

    Raises Unauthenticated, the same for every reason; TooMany while the name is locked.
    """
    with database.write() as session:
        _count(session, settings, name)
    with database.read() as session:
        user = session.scalar(select(User).where(func.lower(User.name) == name.lower(), User.source == LOCAL))
    right = password.verify(secret, user.password_hash if user else None)
    if user is None or not right or user.disabled:
        with database.write() as session:
            target = Target(user.id, user.name) if user else Target(None, "")
            entry.record(session, actor, "session.create", target, outcome="denied")
        raise Unauthenticated(say("login_refused"))
    with database.write() as session:
        unlock(session, name)
        kept = session.get_one(User, user.id)
        if user.password_hash and password.is_old(user.password_hash):
            kept.password_hash = password.make_hash(secret)
    return user


def _count(session: Session, settings: Settings, name: str) -> None:
    """Count an attempt before it is tried, so that many at once are no way around. Raises TooMany."""
    key, moment = password.digest(name.lower()), now()
    attempt = session.get(LoginAttempt, key, with_for_update=True)
    if attempt is None:
        session.add(LoginAttempt(name=key, failures=1, last_at=moment))
        return
    if attempt.locked_until and attempt.locked_until > moment:
        left = (attempt.locked_until - moment).total_seconds()
        raise TooMany(say("locked", seconds=round(left)), retry_after=left)
    if attempt.locked_until or attempt.last_at < moment - timedelta(minutes=settings.lock_minutes):
        attempt.failures, attempt.locked_until = 0, None
    attempt.failures, attempt.last_at = attempt.failures + 1, moment
    if attempt.failures >= settings.lock_after:
        attempt.locked_until = moment + timedelta(minutes=settings.lock_minutes)


def clean(session: Session, settings: Settings) -> None:
    """Forget failures that no longer count, of names that may not even exist."""
    old = now() - timedelta(minutes=2 * settings.lock_minutes)
    session.execute(delete(LoginAttempt).where(LoginAttempt.last_at < old))


def by_provider(session: Session, actor: Actor, who: External) -> User:
    """The user whom a provider vouches for; made at the first time, without any role.

    Raises Unauthenticated if the user is disabled.
    """
    user = session.scalar(select(User).where(User.source == who.source, User.external_id == who.external_id))
    if user is None:
        user = User(source=who.source, external_id=who.external_id, name=_free_name(session, who))
        session.add(user)
        session.flush()
        entry.record(session, actor, "user.create", Target(user.id, user.name), source=who.source)
    if user.disabled:
        raise Unauthenticated(say("account_disabled", user=user.name))
    user.display_name, user.email = who.display_name[:255], who.email[:255]
    return user


def _free_name(session: Session, who: External) -> str:
    """The provider's name, unless somebody else has it: nobody becomes another by choosing a name."""
    name = who.name[:200]
    taken = session.scalar(select(User.id).where(func.lower(User.name) == name.lower()))
    return f"{name} ({who.source} {who.external_id[:12]})"[:255] if taken else name
