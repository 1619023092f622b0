"""Steps: what an operation consists of. Each looks first, acts then, and waits for what came of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from polyvisor.message import Message

if TYPE_CHECKING:
    from polyvisor.op.operations.context import Context


@dataclass(frozen=True, slots=True)
class Done:
    """The step has ended well. Details that are no messages are a cloud's own words: states, ids, names."""

    detail: Message | str = ""


@dataclass(frozen=True, slots=True)
class Wait:
    """It is under way: look again in so many seconds. ``progress`` is percent of this step."""

    detail: Message | str = ""
    seconds: float = 2.0
    progress: int | None = None


@dataclass(frozen=True, slots=True)
class Back:
    """It did not work this way: go on with an earlier step, which has another."""

    to: str
    detail: Message


Outcome = Done | Wait | Back


class StepError(Exception):
    """The operation cannot be done: the message says why."""

    def __init__(self, message: Message) -> None:
        super().__init__(str(message))
        self.message = message


def at_once(_context: Context) -> bool:
    """Nothing has been changed: the operation can end here."""
    return True


@dataclass(frozen=True, slots=True)
class Step:
    """A step. Whoever repeats ``run`` after a crash finds what it did and does not do it again.

    ``abandon`` is asked once if somebody cancels the operation in this step: it tells whether the operation
    has ended with that; if not, ``run`` goes on to see how it ends. None: it cannot be stopped here.
    """

    name: str
    run: Callable[[Context], Outcome]
    abandon: Callable[[Context], bool] | None = None
