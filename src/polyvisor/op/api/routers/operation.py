"""/operations: what was asked for, and how far it is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Path, Query
from sqlalchemy.orm import Session

from polyvisor.op.actions.registry import RIGHTS
from polyvisor.op.api.dependencies import Caller, Reading, TheCaller, TheSlice, Writing
from polyvisor.op.api.needs import ANYWHERE, needs
from polyvisor.op.api.problems import documented
from polyvisor.op.api.schemas.base import Id, Page
from polyvisor.op.api.schemas.operation import OperationOut, view
from polyvisor.op.db.models import Operation
from polyvisor.op.db.models.operation import State
from polyvisor.op.operations import operation as operations
from polyvisor.op.operations.operation import Search
from polyvisor.op.rights import Right

router = APIRouter(prefix="/operations", tags=["operations"])
OperationId = Annotated[Id, Path(description="Of an operation.")]


@router.get("", dependencies=[needs(Right.OPERATION_READ, at=ANYWHERE)])
def list_operations(  # noqa: PLR0913, PLR0917 - one for each field that can be asked for
    session: Reading,
    caller: TheCaller,
    part: TheSlice,
    state: State | None = None,
    resource: Annotated[Id | None, Query(description="Only about this resource.")] = None,
    parent: Annotated[Id | None, Query(description="Only parts of this operation.")] = None,
    mine: Annotated[bool, Query(description="Only what the caller asked for.")] = False,
) -> Page[OperationOut]:
    """What the caller may see, and what the caller asked for, the latest first."""
    rows, cursor = operations.find(session, caller.access, Search(state, resource, parent, mine), part)
    return Page(items=show(session, rows), next=cursor)


@router.get(
    "/{operation_id}",
    dependencies=[needs(Right.OPERATION_READ, at=ANYWHERE)],
    responses=documented(404),
)
def show_operation(session: Reading, caller: TheCaller, operation_id: OperationId) -> OperationOut:
    """One operation: its steps, who wanted it, where it is done, why it failed."""
    return show(session, [operations.get(session, caller.access, operation_id)])[0]


@router.post(
    "/{operation_id}/cancel",
    status_code=202,
    dependencies=[needs(Right.OPERATION_READ, at=ANYWHERE)],
    responses=documented(404, 409),
)
def cancel_operation(session: Writing, caller: TheCaller, operation_id: OperationId) -> OperationOut:
    """Have it end before its time, if its cloud lets it. What has been made by then is taken back."""
    found = operations.get(session, caller.access, operation_id)
    if found.user_id != caller.actor.user_id:
        _require(caller, found)
    return show(session, [operations.cancel(session, caller.actor, operation_id)])[0]


@router.post(
    "/{operation_id}/retry",
    status_code=202,
    dependencies=[needs(Right.OPERATION_READ, at=ANYWHERE)],
    responses=documented(404, 409),
)
def retry_operation(session: Writing, caller: TheCaller, operation_id: OperationId) -> OperationOut:
    """Begin again what failed or was cancelled; of an operation with parts, those that did."""
    found = operations.get(session, caller.access, operation_id)
    parts, _ = operations.find(session, caller.access, Search(parent_id=found.id), operations.EVERYTHING)
    for one in parts or [found]:
        _require(caller, one)
    return show(session, [operations.retry(session, caller.actor, operation_id)])[0]


def show(session: Session, rows: Sequence[Operation]) -> list[OperationOut]:
    """Operations as they are shown."""
    keys = [row.id for row in rows]
    steps = operations.steps(session, keys)
    counts = operations.count_parts(session, keys)
    return [view(row, steps.get(row.id, ()), counts.get(row.id, 0)) for row in rows]


def _require(caller: Caller, operation: Operation) -> None:
    """Raise Forbidden unless the caller may do the same now."""
    nodes = [node for node in (operation.tenant_node, operation.cloud_node) if node]
    caller.access.require(RIGHTS.get(operation.action, Right.ADMINISTER), *(nodes or ["/"]))
