"""What a step is given: the operation, what is remembered of it, and the cloud that it is on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from polyvisor.message import Message
from polyvisor.op.clouds.connections import Work
from polyvisor.op.db.models import Operation
from polyvisor.op.db.models.operation import State
from polyvisor.op.message import say
from polyvisor.op.operations.step import StepError, Wait
from polyvisor.op.platform import Platform

T = TypeVar("T")


class Fenced(Exception):  # noqa: N818 - a state, not an error
    """Somebody else has taken the operation, or it has ended: this one must not touch anything."""


class Context:
    """An operation in the hands of one executor."""

    def __init__(
        self,
        platform: Platform,
        operation: Operation,
        renew: Callable[[], None],
        show: Callable[[Context, Wait], None],
    ) -> None:
        self.platform = platform
        self.operation = operation
        self._renew = renew
        self._show = show

    @property
    def memory(self) -> dict[str, Any]:
        """What earlier steps and earlier runs of this one have remembered; change it by ``remember``."""
        return self.operation.memory

    @property
    def arguments(self) -> dict[str, Any]:
        """What was asked for."""
        return self.operation.arguments

    @property
    def server(self) -> str:
        """The cloud's id of the server that it is about."""
        found = self.memory.get("server") or self.operation.external_id
        if not found:
            raise StepError(say("no_server"))
        return str(found)

    def guard(self) -> None:
        """Be sure that the operation is still in these hands; do so right before anything is changed."""
        self._renew()

    def hold(self, session: Session) -> None:
        """Be sure of it until the end of a transaction, and know whether it is to end before its time.

        Raises Fenced.
        """
        mine = (Operation.id == self.operation.id, Operation.fence == self.operation.fence)
        row = select(Operation.cancelling).where(*mine, Operation.state == State.RUNNING)
        cancelling = session.scalar(row.with_for_update())
        if cancelling is None:
            raise Fenced(self.operation.id)
        self.operation.cancelling = cancelling

    def show(self, detail: Message, progress: int) -> None:
        """Tell how far a step is that takes long without a ``Wait``. Raises Fenced."""
        self._show(self, Wait(detail, progress=progress))

    def run(self, work: Work[T], *, as_cloud: bool = False, deadline: float | None = None) -> T:
        """Work on the cloud as the account of the tenant's project, or as that of the cloud.

        Raises as ``Clouds.run``.
        """
        if self.operation.cloud_id is None:
            raise StepError(say("no_cloud_chosen"))
        project = None if as_cloud else self.operation.project_id
        return self.platform.clouds.run(self.operation.cloud_id, work, project_id=project, deadline=deadline)

    def act(self, work: Work[T], *, as_cloud: bool = False, deadline: float | None = None) -> T:
        """Change something on the cloud, if the operation is still in these hands."""
        self.guard()
        return self.run(work, as_cloud=as_cloud, deadline=deadline)

    def remember(self, **values: Any) -> None:
        """Keep values for later steps, and for this one if it has to be repeated."""
        self.write(memory=self.memory | values)

    def tell(self, **values: Any) -> None:
        """Add to the result that callers see."""
        self.write(result=self.operation.result | values)

    def write(self, **columns: Any) -> None:
        """Change columns of the operation. Raises Fenced if it is in other hands."""
        mine = (Operation.id == self.operation.id, Operation.fence == self.operation.fence)
        with self.platform.database.write() as session:
            statement = update(Operation).where(*mine, Operation.state == State.RUNNING)
            changed = session.execute(statement.values(version=Operation.version + 1, **columns))
            if not changed.rowcount:  # type: ignore[attr-defined]
                raise Fenced(self.operation.id)
        for name, value in columns.items():
            setattr(self.operation, name, value)
