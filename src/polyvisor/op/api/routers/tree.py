"""/tree."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import StringConstraints

from polyvisor.op.api.dependencies import Reading, TheCaller, TheSlice
from polyvisor.op.api.needs import ANYWHERE, needs
from polyvisor.op.api.problems import documented
from polyvisor.op.api.schemas.base import Page
from polyvisor.op.api.schemas.tree import NodeOut
from polyvisor.op.inventory import sight, tree
from polyvisor.op.inventory.tree import View
from polyvisor.op.rights import Right

router = APIRouter(prefix="/tree", tags=["inventory"])
NodeId = Annotated[str, StringConstraints(pattern=r"^((cloud|tenant):)?[0-9a-f]{32}$")]


@router.get("", dependencies=[needs(Right.INVENTORY_READ, at=ANYWHERE)], responses=documented(404))
def list_nodes(
    session: Reading,
    caller: TheCaller,
    part: TheSlice,
    view: View,
    parent: Annotated[NodeId | None, Query(description="`id` of a node; none for the top.")] = None,
) -> Page[NodeOut]:
    """The nodes of a tree directly below another, of what the caller may see."""
    seen = sight.look(session, caller.access)
    level = tree.level(session, seen, view, parent, part)
    return Page(items=[NodeOut.model_validate(node) for node in level.nodes], next=level.cursor)
