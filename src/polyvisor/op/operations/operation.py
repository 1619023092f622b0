"""Operations: asked for, found, cancelled, tried again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, delete, func, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from polyvisor.message import Message
from polyvisor.op import paging
from polyvisor.op.audit import entry
from polyvisor.op.audit.entry import Target
from polyvisor.op.db.base import now
from polyvisor.op.db.models import Operation, OperationStep, Reservation
from polyvisor.op.db.models.operation import OPEN, State
from polyvisor.op.identity.access import Access
from polyvisor.op.identity.actor import Actor
from polyvisor.op.message import say
from polyvisor.op.operations import record
from polyvisor.op.operations.news import tell
from polyvisor.op.operations.subject import Subject
from polyvisor.op.problem import Conflict, Invalid, NotFound
from polyvisor.op.rights import Right

EVERYTHING = paging.Slice(limit=1000)
_MADE = {"choice", "server"}


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants done: an action with its arguments, in steps of these names."""

    action: str
    arguments: dict[str, Any]
    steps: Sequence[str]
    #: The same key of the same user: the same operation, not a second one.
    key: str | None = None

    @property
    def digest(self) -> str:
        """Tells whether the same was wished for."""
        return hashlib.sha256(json.dumps([self.action, self.arguments], sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Part:
    """What one part of an operation is about, and is told. One that is ``refused`` has failed for that."""

    subject: Subject
    arguments: dict[str, Any]
    refused: Message | None = None


def submit(session: Session, actor: Actor, wish: Wish, subject: Subject) -> Operation:
    """Have an operation begin; the one that is there already, if the wish has its key.

    Raises Conflict if something is under way with the same thing, Invalid if the key was another wish's.
    """
    if found := repeated(session, actor, wish, subject.id):
        return found
    _refuse_busy(session, subject)
    made = _make(session, actor, wish, subject)
    _add_steps(session, made, wish)
    tell(session, made)
    return made


def submit_bulk(
    session: Session,
    actor: Actor,
    wish: Wish,
    subjects: Sequence[Subject],
    refused: Mapping[str, Message] | None = None,
) -> Operation:
    """The same action on several things: an operation with a part for each, which ends with the last.

    Raises Invalid. What is ``refused``, or something is under way with, has a part that failed for that.
    """
    why = refused or {}
    parts = [Part(one, wish.arguments, why.get(str(one.id))) for one in subjects]
    return submit_parts(session, actor, wish, subjects, parts)


def submit_parts(
    session: Session, actor: Actor, wish: Wish, subjects: Sequence[Subject], parts: Sequence[Part]
) -> Operation:
    """An operation on several things, in parts that need not be one for each. Raises as ``submit_bulk``."""
    if found := repeated(session, actor, wish, _ids(subjects)):
        return found
    parent = _make(session, actor, wish, Subject(f"{len(subjects)} servers", id=None), bulk=_ids(subjects))
    parent.state, parent.due, parent.started_at = State.RUNNING, None, now()
    all_made = []
    for part in parts:
        reason = part.refused or _busy(session, part.subject)
        own = Wish(wish.action, part.arguments, wish.steps)
        made = _make(session, actor, own, part.subject, state=State.FAILED if reason else State.QUEUED)
        made.parent_id = parent.id
        _add_steps(session, made, wish)
        all_made.append((made, reason))
    for made, reason in all_made:
        if reason:
            record.refuse(session, made, reason)
        else:
            tell(session, made)
    tell(session, parent)
    return parent


def _add_steps(session: Session, operation: Operation, wish: Wish) -> None:
    for position, name in enumerate(wish.steps):
        session.add(OperationStep(operation_id=operation.id, position=position, name=name))
    session.flush()


def repeated(session: Session, actor: Actor, wish: Wish, about: str | None) -> Operation | None:
    """The operation that this is a repetition of. Raises Invalid if the key was another wish's."""
    if wish.key is None:
        return None
    same = (Operation.user_id == actor.user_id, Operation.idempotency_key == wish.key)
    found = session.scalar(select(Operation).where(*same))
    if found is not None and found.digest != _digest(wish, about):
        raise Invalid("header.Idempotency-Key", say("key_reused"))
    if found is not None:
        session.info[entry.AUDITED] = True  # when it was made
    return found


def get(session: Session, access: Access, key: str) -> Operation:
    """An operation that the caller may see. Raises NotFound."""
    found = session.scalar(select(Operation).where(Operation.id == key, _visible(access)))
    if found is None:
        raise NotFound.of("operation", key)
    return found


@dataclass(frozen=True, slots=True)
class Search:
    """Which operations: every field that is given has to fit."""

    state: str | None = None
    resource_id: str | None = None
    parent_id: str | None = None
    mine: bool = False


def find(
    session: Session, access: Access, search: Search, part: paging.Slice
) -> tuple[list[Operation], str | None]:
    """Operations that the caller may see, the latest first; those that are parts only by their parent."""
    statement = select(Operation).where(_visible(access))
    if search.state is not None:
        statement = statement.where(Operation.state == search.state)
    if search.resource_id is not None:
        statement = statement.where(Operation.resource_id == search.resource_id)
    if search.mine:
        statement = statement.where(Operation.user_id == access.actor.user_id)
    if search.parent_id is not None:
        statement = statement.where(Operation.parent_id == search.parent_id)
    elif search.resource_id is None:
        statement = statement.where(Operation.parent_id.is_(None))
    order = [paging.Key(Operation.created_at, descending=True), paging.Key(Operation.id)]
    return paging.fetch(session, statement, order, part)


def steps(session: Session, keys: Sequence[str]) -> dict[str, list[OperationStep]]:
    """The steps of each of these, in order."""
    statement = select(OperationStep).where(OperationStep.operation_id.in_(keys))
    found: dict[str, list[OperationStep]] = {key: [] for key in keys}
    for step in session.scalars(statement.order_by(OperationStep.position)):
        found[step.operation_id].append(step)
    return found


def count_parts(session: Session, keys: Sequence[str]) -> dict[str, int]:
    """How many parts each of these has, without those that have none."""
    statement = select(Operation.parent_id, func.count()).where(Operation.parent_id.in_(keys))
    return dict(session.execute(statement.group_by(Operation.parent_id)).all())  # type: ignore[arg-type]


def cancel(session: Session, actor: Actor, key: str) -> Operation:
    """Have an operation end before its time, if it still can: at once if it has not begun.

    Raises Conflict if it has ended.
    """
    # Parts before the whole, as those that end take their locks.
    parts = select(Operation).where(Operation.parent_id == key, Operation.state.in_(OPEN))
    open_parts = list(session.scalars(parts.order_by(Operation.id).with_for_update()))
    operation = _locked(session, key)
    if operation.state not in OPEN:
        raise Conflict(say("operation_ended", state=operation.state))
    _cancel(session, operation)
    for part in open_parts:
        _cancel(session, part)
    entry.record(session, actor, "operation.cancel", target(operation))
    return operation


def _cancel(session: Session, operation: Operation) -> None:
    if operation.state == State.QUEUED and operation.executor is None:
        record.cancel_queued(session, operation)
    elif operation.state in OPEN:
        operation.cancelling, operation.version = True, operation.version + 1
        tell(session, operation)


def retry(session: Session, actor: Actor, key: str) -> Operation:
    """Begin an operation again that failed or was cancelled; of one with parts, those that did.

    Raises Conflict if it has not ended or has succeeded, or if something else is under way with the thing.
    """
    whole = select(Operation).where(Operation.parent_id == key).order_by(Operation.id)
    parts = list(session.scalars(whole.with_for_update()))
    operation = _locked(session, key)
    if operation.state not in {State.FAILED, State.CANCELLED}:
        raise Conflict(say("operation_not_failed", state=operation.state))
    again = [one for one in parts if one.state in {State.FAILED, State.CANCELLED}] or [operation]
    for one in again:
        _refuse_busy(session, Subject(one.resource_name, id=one.resource_id))
        _begin_again(session, one)
    if parts:
        _open(operation, parts=True)
        tell(session, operation)
    if operation.parent_id:
        parent = _locked(session, operation.parent_id)
        _open(parent, parts=True)
        tell(session, parent)
    entry.record(session, actor, "operation.retry", target(operation))
    return operation


def _open(operation: Operation, *, parts: bool) -> None:
    operation.state = State.RUNNING if parts else State.QUEUED
    operation.reason = operation.message = operation.finished_at = None
    operation.cancelling, operation.version = False, operation.version + 1


def _begin_again(session: Session, operation: Operation) -> None:
    _open(operation, parts=False)
    operation.attempt, operation.executor, operation.due = operation.attempt + 1, None, now()
    # What has been made stays known, or it would be made again elsewhere.
    operation.memory = {name: operation.memory[name] for name in _MADE & operation.memory.keys()}
    operation.progress = 0
    session.execute(delete(Reservation).where(Reservation.operation_id == operation.id))
    fresh = {"state": State.QUEUED, "detail": None, "message": None, "started_at": None, "finished_at": None}
    statement = update(OperationStep).where(OperationStep.operation_id == operation.id)
    session.execute(statement.values(fresh))
    tell(session, operation)


def target(operation: Operation) -> Target:
    """The operation, as the audit log names it."""
    node = operation.tenant_node or operation.cloud_node or "/"
    return Target(operation.id, f"{operation.action} {operation.resource_name}", node)


def _make(  # noqa: PLR0913 - what an operation consists of
    session: Session,
    actor: Actor,
    wish: Wish,
    subject: Subject,
    *,
    bulk: str | None = None,
    state: State = State.QUEUED,
) -> Operation:
    made = Operation(
        state=state,
        action=wish.action,
        arguments=wish.arguments,
        resource_id=subject.id,
        resource_name=subject.name[:255],
        external_id=subject.external_id,
        cloud_id=subject.cloud_id,
        project_id=subject.project_id,
        tenant_id=subject.tenant_id,
        cloud_node=subject.cloud_node,
        tenant_node=subject.tenant_node,
        user_id=actor.user_id,
        user_name=actor.name,
        via=actor.via,
        address=actor.address,
        request_id=actor.request_id,
        idempotency_key=wish.key,
        digest=_digest(wish, bulk or subject.id),
    )
    session.add(made)
    try:
        session.flush()
    except IntegrityError:
        # Two at once, on PostgreSQL: the other one has made it.
        raise Conflict(say("asked_twice")) from None
    node = subject.tenant_node or subject.cloud_node or "/"
    about = Target(subject.id or subject.external_id, subject.name, node)
    name = record.audited(wish.action)
    entry.record(session, actor, name, about, operation=made.id, arguments=wish.arguments)
    return made


def _digest(wish: Wish, about: str | None) -> str:
    return hashlib.sha256(f"{wish.digest} {about or ''}".encode()).hexdigest()


def _ids(subjects: Sequence[Subject]) -> str:
    return " ".join(str(one.id) for one in subjects)


def _busy(session: Session, subject: Subject) -> Message | None:
    if subject.id is None:
        return None
    other = select(Operation).where(Operation.resource_id == subject.id, Operation.state.in_(OPEN))
    found = session.scalar(other.limit(1))
    if found is None:
        return None
    return say("busy", action=found.action, name=subject.name, operation=found.id)


def _refuse_busy(session: Session, subject: Subject) -> None:
    if reason := _busy(session, subject):
        raise Conflict(reason)


def _locked(session: Session, key: str) -> Operation:
    found = session.get(Operation, key, with_for_update=True)
    if found is None:
        raise NotFound.of("operation", key)
    return found


def _visible(access: Access) -> ColumnElement[bool]:
    """Those at nodes where the caller may see operations, and the caller's own."""
    seen = access.within(Right.OPERATION_READ, Operation.cloud_node, Operation.tenant_node)
    return or_(seen, Operation.user_id == access.actor.user_id)
