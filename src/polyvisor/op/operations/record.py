"""Writes down how far operations are: each step with its operation, in one transaction."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from polyvisor.message import Message
from polyvisor.op.audit import entry
from polyvisor.op.audit.entry import Target
from polyvisor.op.db.base import now
from polyvisor.op.db.models import Operation, OperationStep, Reservation
from polyvisor.op.db.models.operation import OPEN, State
from polyvisor.op.identity.actor import Actor
from polyvisor.op.message import columns, say
from polyvisor.op.operations.context import Context, Fenced
from polyvisor.op.operations.news import tell
from polyvisor.op.operations.step import Wait


def step_began(context: Context, position: int) -> None:
    """A step begins, perhaps not for the first time. Raises Fenced, as all of these."""
    with context.platform.database.write() as session:
        row = _mine(session, context)
        step = session.get_one(OperationStep, (context.operation.id, position))
        step.state, step.started_at = State.RUNNING, step.started_at or now()
        tell(session, row)


def step_goes_on(context: Context, position: int, count: int, outcome: Wait) -> None:
    """A step is under way; nothing is written if nothing is new."""
    progress = _progress(position, count, outcome.progress or 0)
    reason, message = columns(outcome.detail)
    if (context.operation.progress, context.operation.reason) == (progress, reason):
        return
    with context.platform.database.write() as session:
        row = _mine(session, context, progress=progress, reason=reason, message=message)
        step = session.get_one(OperationStep, (context.operation.id, position))
        step.detail, step.message = reason, message
        tell(session, row)
    context.operation.progress, context.operation.reason = progress, reason


def step_ended(context: Context, position: int, count: int, detail: Message | str) -> int | None:
    """A step has ended well, and the operation too if it was the last. Gives the next."""
    last = position + 1 == count
    with context.platform.database.write() as session:
        row = _mine(session, context, progress=_progress(position, count, 100), reason=None, message=None)
        _end_step(session, context, position, State.SUCCEEDED, detail)
        if last:
            _end(session, row, State.SUCCEEDED, None)
        else:
            tell(session, row)
    return None if last else position + 1


def step_back(context: Context, position: int, to: int, why: Message) -> int:
    """A step did not work, and an earlier one is to find another way. Gives that one's position."""
    reason, message = columns(why)
    with context.platform.database.write() as session:
        row = _mine(session, context, reason=reason, message=message)
        again = (
            OperationStep.operation_id == context.operation.id,
            OperationStep.position.between(to, position),
        )
        session.execute(
            update(OperationStep).where(*again).values(state=State.QUEUED, detail=reason, message=message)
        )
        tell(session, row)
    return to


def ended(context: Context, position: int, state: State, reason: Message) -> None:
    """The operation has ended in the middle."""
    with context.platform.database.write() as session:
        row = _mine(session, context)
        _end_step(session, context, position, state, reason)
        _end(session, row, state, reason)


def cancel_queued(session: Session, operation: Operation) -> None:
    """An operation that nobody has begun has ended."""
    _end(session, operation, State.CANCELLED, say("cancelled_early"))


def refuse(session: Session, operation: Operation, reason: Message) -> None:
    """A part that cannot begin has failed."""
    _end(session, operation, State.FAILED, reason)


def audited(action: str) -> str:
    """What an action is called in the audit log: those without a noun are a server's."""
    return action if "." in action else f"server.{action}"


def _mine(session: Session, context: Context, **columns: Any) -> Operation:
    """The operation's row, with its lock; only if it is still in these hands."""
    statement = select(Operation).where(Operation.id == context.operation.id).with_for_update()
    row = session.scalars(statement).one()
    if row.fence != context.operation.fence or row.state != State.RUNNING:
        raise Fenced(row.id)
    for name, value in columns.items():
        setattr(row, name, value)
    row.version += 1
    return row


def _end_step(session: Session, context: Context, position: int, state: State, detail: Message | str) -> None:
    step = session.get_one(OperationStep, (context.operation.id, position))
    step.state, step.finished_at = state, now()
    step.detail, step.message = columns(detail)


def _end(session: Session, row: Operation, state: State, reason: Message | None) -> None:
    moment = now()
    row.state, row.finished_at, row.due = state, moment, None
    row.reason, row.message = columns(reason)
    row.progress = 100 if state == State.SUCCEEDED else row.progress
    row.version += 1
    if kept := session.get(Reservation, row.id):
        kept.expires_at = min(kept.expires_at, moment)
    outcome = {State.SUCCEEDED: "done", State.CANCELLED: "cancelled"}.get(state, "failed")
    actor = Actor(row.user_name, row.via, row.user_id, row.address, row.request_id)
    target = Target(row.resource_id or row.external_id, row.resource_name, row.tenant_node or row.cloud_node)
    detail = {"operation": row.id, "reason": str(reason)} if reason else {"operation": row.id}
    entry.record(session, actor, f"{audited(row.action)}.end", target, outcome=outcome, **detail)
    tell(session, row)
    if row.parent_id:
        _part_ended(session, row.parent_id, moment)


def _part_ended(session: Session, parent_id: str, moment: datetime) -> None:
    """Bring an operation that has parts up to date; its lock makes parts that end at once do so in turn."""
    parent = session.scalars(select(Operation).where(Operation.id == parent_id).with_for_update()).one()
    counted = select(Operation.state, func.count()).where(Operation.parent_id == parent_id)
    counts: dict[str, int] = dict(session.execute(counted.group_by(Operation.state)).all())
    total = sum(counts.values())
    still = sum(counts.get(state, 0) for state in OPEN)
    parent.progress, parent.version = 100 * (total - still) // total, parent.version + 1
    if not still:
        good = counts.get(State.SUCCEEDED, 0)
        worst = State.FAILED if counts.get(State.FAILED) else State.CANCELLED
        parent.state = State.SUCCEEDED if good == total else worst
        failed = None if good == total else say("parts_failed", failed=total - good, total=total)
        parent.reason, parent.message = columns(failed)
        parent.finished_at = moment
    tell(session, parent)


def _progress(position: int, count: int, percent: int) -> int:
    return (100 * position + min(percent, 100)) // count
