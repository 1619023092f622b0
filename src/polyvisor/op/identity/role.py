"""Roles: those built in, and those of the platform's own."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from polyvisor.op.audit import entry
from polyvisor.op.audit.entry import Target
from polyvisor.op.db.models import Grant, Role
from polyvisor.op.identity.access import known
from polyvisor.op.identity.actor import Actor
from polyvisor.op.message import say
from polyvisor.op.problem import Conflict, Invalid, NotFound
from polyvisor.op.rights import BUILT_IN, Right


@dataclass(frozen=True, slots=True)
class RoleView:
    """A role, whichever kind."""

    name: str
    description: str
    rights: frozenset[Right]
    built_in: bool


def list_all(session: Session) -> list[RoleView]:
    """All roles, those built in first."""
    built_in = [RoleView(one.name, one.description, one.rights, built_in=True) for one in BUILT_IN.values()]
    return built_in + [_view(one) for one in session.scalars(select(Role).order_by(Role.name))]


def get(session: Session, name: str) -> RoleView:
    """A role. Raises NotFound."""
    if name in BUILT_IN:
        one = BUILT_IN[name]
        return RoleView(name, one.description, one.rights, built_in=True)
    return _view(_own(session, name))


def put(session: Session, actor: Actor, name: str, description: str, rights: Iterable[Right]) -> RoleView:
    """Make a role, or change it for all who have it. Raises Conflict, Invalid."""
    wanted = frozenset(rights)
    if name in BUILT_IN:
        raise Conflict(say("role_built_in", role=name))
    if Right.ADMINISTER in wanted:
        raise Invalid("body.rights", say("administer_alone", right=Right.ADMINISTER))
    role = session.get(Role, name)
    if role is None:
        role = Role(name=name)
        session.add(role)
    role.description, role.rights = description, sorted(wanted)
    session.flush()
    entry.record(session, actor, "role.put", Target(name, name), rights=role.rights)
    return _view(role)


def remove(session: Session, actor: Actor, name: str) -> None:
    """Remove a role that nobody has. Raises NotFound, Conflict."""
    if name in BUILT_IN:
        raise Conflict(say("role_built_in_stays", role=name))
    role = _own(session, name)
    if session.scalar(select(Grant.id).where(Grant.role == name).limit(1)):
        raise Conflict(say("role_granted", role=name))
    session.delete(role)
    entry.record(session, actor, "role.remove", Target(name, name))


def _own(session: Session, name: str) -> Role:
    role = session.get(Role, name)
    if role is None:
        raise NotFound.of("role", name)
    return role


def _view(role: Role) -> RoleView:
    return RoleView(role.name, role.description, frozenset(known(role.rights)), built_in=False)
