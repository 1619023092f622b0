"""Grants: somebody has a role at a node of the tree."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from polyvisor.op.audit import entry
from polyvisor.op.audit.entry import Target
from polyvisor.op.db.models import Cloud, Grant, Tenant, User
from polyvisor.op.db.models.tenant import ROOT as TENANTS
from polyvisor.op.identity import role, user
from polyvisor.op.identity.access import ROOT, Access
from polyvisor.op.message import say
from polyvisor.op.problem import Conflict, Forbidden, Invalid, NotFound
from polyvisor.op.rights import ADMINISTRATOR, Right

CLOUDS = "/clouds"


def create(  # noqa: PLR0913 - what a grant consists of
    session: Session, access: Access, user_key: str, role_name: str, node: str, *, inherited: bool
) -> Grant:
    """Give somebody a role at a node.

    Raises Forbidden if the caller may not grant there, or lacks a right of the role there; NotFound for the
    user, Invalid for role and node; Conflict if it is granted already.
    """
    access.require(Right.GRANT_MANAGE, node)
    who = user.get(session, user_key)
    rights = _rights(session, role_name)
    check_node(session, node)
    if missing := sorted(rights - access.rights_at(node)):
        raise Forbidden(say("cannot_give", role=role_name, rights=", ".join(missing)))
    same = select(Grant).where(Grant.user_id == who.id, Grant.role == role_name, Grant.node == node)
    if session.scalar(same):
        raise Conflict(say("granted_already", user=who.name, role=role_name, where=node))
    made = Grant(user_id=who.id, role=role_name, node=node, inherited=inherited)
    session.add(made)
    session.flush()
    _record(session, access, "grant.create", made, who)
    return made


def remove(session: Session, access: Access, key: str) -> None:
    """Take a grant back. Raises NotFound, Forbidden, Conflict if it is the last administrator's."""
    found = get(session, key)
    access.require(Right.GRANT_MANAGE, found.node)
    who = session.get_one(User, found.user_id)
    if found.role == ADMINISTRATOR.name and found.node == ROOT:
        access.require(Right.ADMINISTER, ROOT)
        user.refuse_if_last(session, who)
    session.delete(found)
    _record(session, access, "grant.remove", found, who)


def get(session: Session, key: str) -> Grant:
    """A grant by id. Raises NotFound."""
    found = session.get(Grant, key)
    if found is None:
        raise NotFound.of("grant", key)
    return found


def check_node(session: Session, node: str) -> None:
    """Raise Invalid unless there is such a node."""
    if node in {ROOT, CLOUDS, TENANTS}:
        return
    cloud = node.removeprefix(f"{CLOUDS}/")
    if cloud != node and session.get(Cloud, cloud) is not None:
        return
    if session.scalar(select(Tenant.id).where(Tenant.node == node)):
        return
    raise Invalid("body.node", say("no_place_to_grant", where=node))


def _rights(session: Session, name: str) -> frozenset[Right]:
    try:
        return role.get(session, name).rights
    except NotFound as missing:
        raise Invalid("body.role", missing.message) from None


def _record(session: Session, access: Access, action: str, grant: Grant, who: User) -> None:
    target = Target(grant.id, who.name, grant.node)
    entry.record(session, access.actor, action, target, role=grant.role, inherited=grant.inherited)
