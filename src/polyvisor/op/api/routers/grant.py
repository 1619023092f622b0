"""/grants: who has which role where."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query
from sqlalchemy import select

from polyvisor.op import paging
from polyvisor.op.api.dependencies import Reading, TheCaller, TheSlice, Writing
from polyvisor.op.api.needs import ANYWHERE, needs
from polyvisor.op.api.problems import documented
from polyvisor.op.api.schemas.base import Id, Node, Page
from polyvisor.op.api.schemas.grant import GrantIn, GrantOut
from polyvisor.op.db.models import Grant
from polyvisor.op.identity import grant as grants
from polyvisor.op.rights import Right

router = APIRouter(prefix="/grants", tags=["grants"])


@router.get("", dependencies=[needs(Right.GRANT_READ, at=ANYWHERE)])
def list_grants(
    session: Reading,
    caller: TheCaller,
    part: TheSlice,
    user_id: Annotated[Id | None, Query(description="Only of this user.")] = None,
    node: Annotated[Node | None, Query(description="Only at this node.")] = None,
) -> Page[GrantOut]:
    """Grants at nodes where the caller may see them."""
    statement = select(Grant).where(caller.access.within(Right.GRANT_READ, Grant.node))
    if user_id is not None:
        statement = statement.where(Grant.user_id == user_id)
    if node is not None:
        statement = statement.where(Grant.node == node)
    order = [paging.Key(Grant.node), paging.Key(Grant.id)]
    rows, cursor = paging.fetch(session, statement, order, part)
    return Page(items=[GrantOut.model_validate(row) for row in rows], next=cursor)


@router.post(
    "",
    status_code=201,
    dependencies=[needs(Right.GRANT_MANAGE, at=ANYWHERE)],
    responses=documented(404, 409),
)
def create_grant(session: Writing, caller: TheCaller, wanted: GrantIn) -> GrantOut:
    """Give a user a role. Nobody can give what they do not have at that node themselves."""
    made = grants.create(
        session, caller.access, wanted.user_id, wanted.role, wanted.node, inherited=wanted.inherited
    )
    return GrantOut.model_validate(made)


@router.delete(
    "/{grant_id}",
    status_code=204,
    dependencies=[needs(Right.GRANT_MANAGE, at=ANYWHERE)],
    responses=documented(404, 409),
)
def remove_grant(
    session: Writing, caller: TheCaller, grant_id: Annotated[Id, Path(description="Of a grant.")]
) -> None:
    """Take a role back."""
    grants.remove(session, caller.access, grant_id)
