"""Performs steps, and writes down how they ended; never twice, whoever crashes or comes too late.

An executor takes an operation with a number that grows, and everything it writes is written only while that
is the last number. It says every few seconds that it is alive; when it does not, the operation is due.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Mapping, Sequence
from datetime import timedelta

from openstack import exceptions as sdk
from sqlalchemy import func, select, update

from polyvisor.message import Message
from polyvisor.op.clouds import faults
from polyvisor.op.db.base import new_id, now
from polyvisor.op.db.models import Operation, OperationStep
from polyvisor.op.db.models.operation import OPEN, State
from polyvisor.op.message import say
from polyvisor.op.operations import record
from polyvisor.op.operations.context import Context, Fenced
from polyvisor.op.operations.step import Back, Outcome, Step, StepError, Wait
from polyvisor.op.platform import Platform
from polyvisor.op.problem import CloudRefused, CloudUnavailable, Problem

LOG = logging.getLogger(__name__)
#: An executor that has not said for so long that it is alive has lost its operations.
LEASE = timedelta(seconds=20)
BEAT_SECONDS = 5.0
#: An error of a cloud's own is often over soon: so often in a row it is tried again.
TRIES = 5
_LONGEST_PAUSE = 15.0


class Stopped(Exception):  # noqa: N818 - a state, not an error
    """The process ends; the operation goes on elsewhere."""


class Engine:
    """What one process does about operations. Thread-safe."""

    def __init__(self, platform: Platform, actions: Mapping[str, Sequence[Step]]) -> None:
        self.platform = platform
        self.executor = new_id()
        self._actions = actions
        self._lock = threading.Lock()
        self._held: dict[str, int] = {}
        self._stopped = threading.Event()

    def take(self, operation_id: str) -> int | None:
        """Take an operation, from whoever had it, and give its fence; None if it has ended."""
        moment = now()
        with self.platform.database.write() as session:
            statement = update(Operation).where(Operation.id == operation_id, Operation.state.in_(OPEN))
            values = {
                "fence": Operation.fence + 1,
                "executor": self.executor,
                "state": State.RUNNING,
                "due": moment + LEASE,
                "started_at": func.coalesce(Operation.started_at, moment),
                "version": Operation.version + 1,
            }
            if not session.execute(statement.values(values)).rowcount:  # type: ignore[attr-defined]
                return None
            fence = session.scalars(select(Operation.fence).where(Operation.id == operation_id)).one()
        with self._lock:
            self._held[operation_id] = fence
        return fence

    def let_go(self, operation_id: str) -> None:
        """Say no longer that it is in good hands here."""
        with self._lock:
            self._held.pop(operation_id, None)

    def perform(self, operation_id: str, position: int, fence: int) -> int | None:
        """Bring one step to its end, and give the position of the next or None. Raises Fenced, Stopped."""
        with self.platform.database.read() as session:
            operation = session.get_one(Operation, operation_id)
            row = session.get_one(OperationStep, (operation_id, position))
        if operation.fence != fence or operation.state != State.RUNNING:
            raise Fenced(operation_id)
        steps = self._actions[operation.action]
        if row.state == State.SUCCEEDED and position + 1 < len(steps):
            return position + 1
        context = Context(
            self.platform,
            operation,
            lambda: self._renew(operation),
            lambda context, how_far: record.step_goes_on(context, position, len(steps), how_far),
        )
        record.step_began(context, position)
        try:
            outcome = self._persist(context, steps[position], position)
        except _Ended as end:
            record.ended(context, position, end.state, end.reason)
            return None
        if isinstance(outcome, Back):
            names = [step.name for step in steps]
            return record.step_back(context, position, names.index(outcome.to), outcome.detail)
        return record.step_ended(context, position, len(steps), outcome.detail)

    def beat(self) -> None:
        """Say that what is held here is in good hands."""
        with self._lock:
            held = list(self._held)
        if held:
            with self.platform.database.write() as session:
                mine = (Operation.id.in_(held), Operation.executor == self.executor)
                statement = update(Operation).where(*mine, Operation.state == State.RUNNING)
                session.execute(statement.values(due=now() + LEASE, updated_at=Operation.updated_at))

    def stop(self) -> None:
        """Have all steps let go of their operations at the next look."""
        self._stopped.set()

    def keep_beating(self) -> None:
        """Say so until stopped."""
        while not self._stopped.wait(BEAT_SECONDS):
            try:
                self.beat()
            except Exception:
                LOG.exception("could not say that this executor is alive; others may take over")

    def _renew(self, operation: Operation) -> None:
        """Have the lease begin anew. Raises Fenced, Stopped."""
        due = now() + LEASE
        if self._stopped.is_set():
            due = now()
        with self.platform.database.write() as session:
            mine = (Operation.id == operation.id, Operation.fence == operation.fence)
            statement = update(Operation).where(*mine, Operation.state == State.RUNNING)
            found = session.execute(statement.values(due=due).returning(Operation.cancelling)).scalar()
        if found is None:
            raise Fenced(operation.id)
        if self._stopped.is_set():
            raise Stopped(operation.id)
        operation.cancelling = found

    def _persist(self, context: Context, step: Step, position: int) -> Outcome:
        """Run a step until it has ended, through a cloud's absence. Raises _Ended if the operation has."""
        patience = _Patience(context.platform.settings.operation_patience_seconds)
        while True:
            self._renew(context.operation)
            try:
                self._look_for_cancel(context, step)
                outcome = step.run(context)
            except (Problem, sdk.SDKException, StepError) as fault:
                outcome = self._after(context, patience, fault)
            except (Fenced, Stopped, _Ended):
                raise
            except Exception as fault:
                LOG.exception("operation %s, step %s", context.operation.id, step.name)
                raise _Ended(State.FAILED, say("engine_failed", text=faults.text(fault))) from fault
            else:
                patience.renew()
            if not isinstance(outcome, Wait):
                return outcome
            record.step_goes_on(context, position, len(self._actions[context.operation.action]), outcome)
            self._stopped.wait(outcome.seconds)

    def _look_for_cancel(self, context: Context, step: Step) -> None:
        asked = context.memory.get("abandoned")
        if not context.operation.cancelling or step.abandon is None or asked:
            return
        if step.abandon(context):
            raise _Ended(State.CANCELLED, say("cancelled"))
        context.remember(abandoned=True)

    def _after(self, context: Context, patience: _Patience, fault: Exception) -> Wait:
        """Wait, if what went wrong may be over soon. Raises _Ended if not, or if it lasts too long."""
        pause = patience.pause(fault)
        if pause is not None:
            return Wait(say("tries_again", reason=faults.reason(fault)), seconds=pause)
        state = State.CANCELLED if context.operation.cancelling else State.FAILED
        raise _Ended(state, faults.reason(fault)) from fault


class _Ended(Exception):  # noqa: N818 - a state, not an error
    """The operation has ended before its last step."""

    def __init__(self, state: State, reason: Message) -> None:
        super().__init__(str(reason))
        self.state = state
        self.reason = reason


class _Patience:
    """How long to wait for a cloud."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self.renew()

    def renew(self) -> None:
        """It answers again."""
        self._until = time.monotonic() + self._seconds
        self._errors = 0

    def pause(self, fault: Exception) -> float | None:
        """Seconds until it is worth while to try again; None: it is not."""
        if isinstance(fault, CloudUnavailable):
            pause = min(_LONGEST_PAUSE, (fault.retry_after or 2.0) + 0.1)
            return pause if time.monotonic() < self._until else None
        broken = isinstance(fault, sdk.HttpException) and (fault.status_code or 0) >= 500
        if broken or isinstance(fault, CloudRefused):
            self._errors += 1
            return 2.0 * self._errors if self._errors < TRIES else None
        return None
