"""Operations."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from pydantic import Field

from polyvisor.op.api.schemas.base import Id, MessageOut, Out
from polyvisor.op.db.models import Operation, OperationStep
from polyvisor.op.db.models.operation import State


class StepOut(Out):
    """A step of an operation."""

    name: str = Field(examples=["wait"])
    state: State
    started: datetime | None = Field(validation_alias="started_at")
    finished: datetime | None = Field(validation_alias="finished_at")
    detail: str | None = Field(examples=["powering-off"])
    message: MessageOut | None = Field(description="The detail by its code, if it is not a cloud's own word.")


class OperationOut(Out):
    """Something that somebody wants done, and how far it is."""

    id: Id
    version: int = Field(description="Grows with each change.")
    parent_id: Id | None = Field(description="The operation that this one is a part of.")
    action: str = Field(examples=["stop"])
    arguments: dict[str, Any]
    state: State
    progress: int = Field(ge=0, le=100, description="Percent.")
    reason: str | None = Field(description="Why it failed, or what it waits for.")
    message: MessageOut | None = Field(description="The reason by its code, if it is not a cloud's own word.")
    cancelling: bool = Field(description="Somebody wants it to end before its time.")
    resource_id: Id | None = Field(description="Of a new server: null until its cloud has taken it.")
    resource_name: str
    cloud_id: Id | None = Field(description="null: the scheduler has not chosen yet, or it has only parts.")
    tenant_id: Id | None
    user: str = Field(validation_alias="user_name", description="Who wanted it.")
    created: datetime = Field(validation_alias="created_at")
    started: datetime | None = Field(validation_alias="started_at")
    finished: datetime | None = Field(validation_alias="finished_at")
    result: dict[str, Any] = Field(
        description="What came of it: of a new server `server` and the `candidates` with their verdicts; "
        "`items`, each with `name`, `state` and `reason`, if it was about several things at once."
    )
    steps: list[StepOut] = Field(default_factory=list)
    children_count: int = Field(0, description="How many parts it has: ask for them by `parent`.")


def view(row: Operation, steps: Sequence[OperationStep], children: int) -> OperationOut:
    """An operation as it is shown."""
    shown = OperationOut.model_validate(row)
    parts = [StepOut.model_validate(step) for step in steps]
    return shown.model_copy(update={"steps": parts, "children_count": children})
