"""Users: made, found, changed, removed."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from polyvisor.op.audit import entry
from polyvisor.op.audit.entry import Target
from polyvisor.op.db.base import new_id
from polyvisor.op.db.models import ApiToken, Grant, LoginAttempt, LoginSession, User
from polyvisor.op.db.models.user import LOCAL
from polyvisor.op.identity import password
from polyvisor.op.identity.access import ROOT
from polyvisor.op.identity.actor import Actor
from polyvisor.op.message import say
from polyvisor.op.problem import Conflict, Forbidden, NotFound
from polyvisor.op.rights import ADMINISTRATOR


@dataclass(frozen=True, slots=True)
class Profile:
    """What is known of a user; None leaves it as it is."""

    display_name: str | None = None
    email: str | None = None
    disabled: bool | None = None


def get(session: Session, key: str) -> User:
    """A user by id or name. Raises NotFound."""
    found = session.get(User, key) or session.scalar(select(User).where(User.name == key))
    if found is None:
        raise NotFound.of("user", key)
    return found


def create(session: Session, actor: Actor, name: str, secret: str, profile: Profile) -> User:
    """Make a local user. Raises Conflict if the name is taken, Invalid for the password."""
    if session.scalar(select(User).where(func.lower(User.name) == name.lower())):
        raise Conflict(say("taken", thing="user", name=name))
    hashed = password.make_hash(secret)
    key = new_id()
    user = User(id=key, external_id=key, name=name, password_hash=hashed, source=LOCAL)
    _change(user, profile)
    session.add(user)
    session.flush()
    entry.record(session, actor, "user.create", _target(user))
    return user


def update(session: Session, actor: Actor, key: str, profile: Profile) -> User:
    """Change what is known of a user. Raises NotFound; Conflict if no administrator would be left."""
    user = get(session, key)
    if profile.disabled and not user.disabled:
        refuse_if_last(session, user)
        session.execute(delete(LoginSession).where(LoginSession.user_id == user.id))
    changed = _change(user, profile)
    entry.record(session, actor, "user.update", _target(user), changed=changed)
    return user


def set_password(session: Session, actor: Actor, key: str, secret: str) -> User:
    """Give a local user a new password; all sessions of the user end. Raises NotFound, Conflict, Invalid."""
    user = get(session, key)
    if user.source != LOCAL:
        raise Conflict(say("password_elsewhere", user=user.name, source=user.source))
    user.password_hash = password.make_hash(secret)
    session.execute(delete(LoginSession).where(LoginSession.user_id == user.id))
    unlock(session, user.name)
    entry.record(session, actor, "user.set_password", _target(user))
    return user


def remove(session: Session, actor: Actor, key: str) -> None:
    """Remove a user with sessions, tokens and grants. Raises NotFound, Conflict, Forbidden."""
    user = get(session, key)
    if user.id == actor.user_id:
        raise Forbidden(say("not_oneself"))
    refuse_if_last(session, user)
    for table in (LoginSession, ApiToken, Grant):
        session.execute(delete(table).where(table.user_id == user.id))
    session.delete(user)
    entry.record(session, actor, "user.remove", _target(user))


def unlock(session: Session, name: str) -> None:
    """Forget failed attempts to log in by a name."""
    session.execute(delete(LoginAttempt).where(LoginAttempt.name == password.digest(name.lower())))


def refuse_if_last(session: Session, user: User) -> None:
    """Raise Conflict if no other administrator is left who can log in."""
    administrators = (
        select(User)
        .join(Grant, Grant.user_id == User.id)
        .where(Grant.role == ADMINISTRATOR.name, Grant.node == ROOT, User.disabled.is_(False))
        .with_for_update(of=User)
    )
    left = {one.id for one in session.scalars(administrators)}
    if left == {user.id}:
        raise Conflict(say("last_administrator", user=user.name))


def _change(user: User, profile: Profile) -> list[str]:
    changed = []
    for name in ("display_name", "email", "disabled"):
        value = getattr(profile, name)
        if value is not None and getattr(user, name) != value:
            setattr(user, name, value)
            changed.append(name)
    return changed


def _target(user: User) -> Target:
    return Target(user.id, user.name)
