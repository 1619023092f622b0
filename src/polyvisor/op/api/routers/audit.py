"""/audit."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import AwareDatetime

from polyvisor.op.api.dependencies import Reading, TheCaller, TheSlice
from polyvisor.op.api.needs import ANYWHERE, needs
from polyvisor.op.api.schemas.audit import AuditEntryOut
from polyvisor.op.api.schemas.base import Line, Page
from polyvisor.op.audit import entry
from polyvisor.op.audit.entry import Search
from polyvisor.op.rights import Right

router = APIRouter(prefix="/audit", tags=["audit"])


@router.get("", dependencies=[needs(Right.AUDIT_READ, at=ANYWHERE)])
def search_audit_log(  # noqa: PLR0913, PLR0917 - one for each field that can be searched
    session: Reading,
    caller: TheCaller,
    part: TheSlice,
    q: Annotated[Line, Query(description="Words that an entry must have, in any order.")] = "",
    actor_id: Annotated[Line | None, Query(description="Only by this user.")] = None,
    action: Annotated[Line | None, Query(examples=["cloud.register"])] = None,
    outcome: Annotated[Line | None, Query(examples=["denied"])] = None,
    target_id: Annotated[Line | None, Query(description="Only about this thing.")] = None,
    since: Annotated[AwareDatetime | None, Query(description="Not before.")] = None,
    until: Annotated[AwareDatetime | None, Query(description="Before.")] = None,
) -> Page[AuditEntryOut]:
    """The audit log, the latest first."""
    search = Search(q, actor_id, action, outcome, target_id, since, until)
    rows, cursor = entry.find(session, caller.access, search, part)
    return Page(items=[AuditEntryOut.model_validate(row) for row in rows], next=cursor)
