"""/roles."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path

from polyvisor.op.api.dependencies import Reading, TheCaller, Writing
from polyvisor.op.api.needs import ANYWHERE, needs
from polyvisor.op.api.problems import documented
from polyvisor.op.api.schemas.base import Page
from polyvisor.op.api.schemas.role import RoleIn, RoleName, RoleOut
from polyvisor.op.identity import role as roles
from polyvisor.op.identity.role import RoleView
from polyvisor.op.rights import Right

router = APIRouter(prefix="/roles", tags=["roles"])
TheName = Annotated[RoleName, Path(description="Of a role.")]


@router.get("", dependencies=[needs(Right.ROLE_READ, at=ANYWHERE)])
def list_roles(session: Reading) -> Page[RoleOut]:
    """All roles, those built in first."""
    return Page(items=[_view(one) for one in roles.list_all(session)], next=None)


@router.get("/{name}", dependencies=[needs(Right.ROLE_READ, at=ANYWHERE)], responses=documented(404))
def show_role(session: Reading, name: TheName) -> RoleOut:
    """One role."""
    return _view(roles.get(session, name))


@router.put("/{name}", dependencies=[needs(Right.ROLE_MANAGE)], responses=documented(409))
def put_role(session: Writing, caller: TheCaller, name: TheName, wanted: RoleIn) -> RoleOut:
    """Make a role, or change it for all who have it."""
    return _view(roles.put(session, caller.actor, name, wanted.description, wanted.rights))


@router.delete(
    "/{name}",
    status_code=204,
    dependencies=[needs(Right.ROLE_MANAGE)],
    responses=documented(404, 409),
)
def remove_role(session: Writing, caller: TheCaller, name: TheName) -> None:
    """Remove a role that nobody has."""
    roles.remove(session, caller.actor, name)


def _view(role: RoleView) -> RoleOut:
    return RoleOut(
        name=role.name, description=role.description, rights=sorted(role.rights), built_in=role.built_in
    )
