"""/search: one box for everything."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from polyvisor.op.api.dependencies import Reading, TheCaller
from polyvisor.op.api.needs import ANYWHERE, needs
from polyvisor.op.api.routers.resource import view
from polyvisor.op.api.schemas.base import Line
from polyvisor.op.api.schemas.resource import SearchOut
from polyvisor.op.inventory import search, sight
from polyvisor.op.rights import Right

router = APIRouter(prefix="/search", tags=["inventory"])


@router.get("", dependencies=[needs(Right.INVENTORY_READ, at=ANYWHERE)])
def search_resources(
    session: Reading,
    caller: TheCaller,
    q: Annotated[Line, Query(description="Words, or parts of words, that it must have.")],
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
) -> SearchOut:
    """The best matches of all kinds, of what the caller may see."""
    seen = sight.look(session, caller.access)
    return SearchOut(items=[view(seen, row) for row in search.best(session, seen, q, limit)])
