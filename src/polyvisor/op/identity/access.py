"""What somebody may do where: the one place where that is decided.

Scopes are nodes of a tree, written as paths: "/" is everything; below it are "/clouds/<id>" and
"/tenants/<id>/<id of a part>". A thing can be at several nodes: a server is in its tenant and on its cloud; a
right at any of them will do.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import ColumnElement, false, or_, select, true
from sqlalchemy.orm import InstrumentedAttribute, Session

from polyvisor.op.db.models import Grant, Role
from polyvisor.op.identity.actor import Actor
from polyvisor.op.message import say
from polyvisor.op.problem import Forbidden
from polyvisor.op.rights import BUILT_IN, Right

ROOT = "/"
_NAMES = frozenset(str(right) for right in Right)


@dataclass(frozen=True, slots=True)
class Held:
    """Rights held at a node, and below it if they are inherited."""

    node: str
    rights: frozenset[Right]
    inherited: bool = True

    def covers(self, node: str) -> bool:
        """Whether it holds at ``node``."""
        return node == self.node or (self.inherited and is_below(node, self.node))


def is_below(node: str, above: str) -> bool:
    """Whether a node is in the part of the tree below another."""
    return node != above and node.startswith(above.rstrip("/") + "/")


@dataclass(frozen=True, slots=True)
class Access:
    """An actor with all rights held."""

    actor: Actor
    held: tuple[Held, ...]

    def allows(self, right: Right, *nodes: str) -> bool:
        """Whether the right is held at one of the nodes."""
        return any(one.covers(node) for one in self.held if right in one.rights for node in nodes)

    def require(self, right: Right, *nodes: str) -> None:
        """Raise Forbidden unless the right is held at one of the nodes."""
        if not self.allows(right, *nodes):
            where = " or ".join(nodes)
            raise Forbidden(say("no_right", user=self.actor.name, right=right, where=where))

    def anywhere(self, right: Right) -> bool:
        """Whether the right is held at any node."""
        return any(right in one.rights for one in self.held)

    def within(self, right: Right, *columns: InstrumentedAttribute[str]) -> ColumnElement[bool]:
        """The condition that one of the columns, which have nodes, has one where the right is held."""
        options: list[ColumnElement[bool]] = []
        for one in self.held:
            if right not in one.rights:
                continue
            if one.inherited and one.node == ROOT:
                return true()
            options += [column == one.node for column in columns]
            if one.inherited:
                options += [column.startswith(one.node + "/", autoescape=True) for column in columns]
        return or_(false(), *options)

    def rights_at(self, node: str) -> frozenset[Right]:
        """All rights held at a node."""
        return frozenset(right for one in self.held if one.covers(node) for right in one.rights)


def load(session: Session, actor: Actor, *, limit: Iterable[str] | None = None) -> Access:
    """The access of the actor's user; of a token, ``limit`` names the only rights it may use."""
    custom = {role.name: frozenset(known(role.rights)) for role in session.scalars(select(Role))}
    allowed = None if limit is None else frozenset(known(limit))
    held = []
    for grant in session.scalars(select(Grant).where(Grant.user_id == actor.user_id)):
        built_in = BUILT_IN.get(grant.role)
        rights = built_in.rights if built_in else custom.get(grant.role, frozenset())
        held.append(Held(grant.node, rights if allowed is None else rights & allowed, grant.inherited))
    return Access(actor, tuple(held))


def known(names: Iterable[str]) -> Iterable[Right]:
    """The rights of these names, without those that another release had."""
    return (Right(name) for name in names if name in _NAMES)


def unlimited(actor: Actor) -> Access:
    """Every right, for who has the platform's files anyway: the command on its machine, and the platform."""
    return Access(actor, (Held(ROOT, frozenset(Right)),))
