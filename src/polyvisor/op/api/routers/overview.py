"""/overview: the numbers of a dashboard."""

from __future__ import annotations

from fastapi import APIRouter

from polyvisor.op.api.dependencies import Reading, TheCaller
from polyvisor.op.api.needs import ANYWHERE, needs
from polyvisor.op.api.schemas.overview import CloudOverviewOut, OverviewOut
from polyvisor.op.inventory import overview, sight
from polyvisor.op.rights import Right

router = APIRouter(prefix="/overview", tags=["inventory"])


@router.get("", dependencies=[needs(Right.INVENTORY_READ, at=ANYWHERE)])
def show_overview(session: Reading, caller: TheCaller) -> OverviewOut:
    """Each cloud in numbers, of what the caller may see."""
    found = overview.clouds(session, sight.look(session, caller.access))
    return OverviewOut(clouds=[CloudOverviewOut.model_validate(one) for one in found])
