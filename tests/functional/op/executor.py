"""A process that drives operations, and kills itself where they tell it to, once for each.

An operation's argument ``die`` says where, as "2 acted".
"""

import os
import signal
import threading
from pathlib import Path
from typing import Any

from polyvisor.message import Message
from polyvisor.op import worker as workers
from polyvisor.op.actions import registry
from polyvisor.op.message import say
from polyvisor.op.operations import engine, record
from polyvisor.op.operations.context import Context
from polyvisor.op.operations.step import Back, Done, Outcome, Step, Wait, at_once
from polyvisor.op.platform import open_platform
from polyvisor.op.settings import Settings
from tests.functional.op.world import World

NAMES = ("look", "make", "wait", "settle")
#: Moments of a step where a process can be killed.
MOMENTS = ("began", "acted", "ended")


class Executor:
    """Steps that change the world, and the killing."""

    def __init__(self, world: World) -> None:
        self._world = world
        #: Held from what is done until its moment: no other operation's death may come in between,
        #: or that moment never comes, as what is done is not done again.
        self.alone = threading.RLock()

    def steps(self) -> tuple[Step, ...]:
        return tuple(Step(name, self._run(name, place), at_once) for place, name in enumerate(NAMES))

    def _run(self, name: str, place: int) -> Any:
        def run(context: Context) -> Outcome:
            self.moment(context, place, "began")
            if context.arguments.get("back") and name == "wait" and not context.memory.get("back"):
                context.remember(back=True)
                return Back("make", say("begins"))
            if context.arguments.get("forever") and name == "wait":
                return Wait("for ever", seconds=0.1)
            if not self._world.find(context.operation.id, name):
                context.guard()
                with self.alone:
                    self._world.make(context.operation.id, name)
                    self.moment(context, place, "acted")
            return Done(name)

        return run

    def moment(self, context: Context, place: int, what: str) -> None:
        key = context.operation.id
        if context.arguments.get("die") != f"{place} {what}":
            return
        with self.alone:
            if not self._world.find(key, "death"):
                self._world.make(key, "death")
                os.kill(os.getpid(), signal.SIGKILL)


def main(wanted: dict[str, Any], world: Path, log: Path) -> None:
    """Work until terminated, on a platform of these settings."""
    with log.open("a") as output:
        os.dup2(output.fileno(), 1)
        os.dup2(output.fileno(), 2)
    executor = Executor(World(world))
    registry.STEPS["test"] = executor.steps()
    written = record.step_ended

    def step_ended(context: Context, position: int, count: int, detail: Message | str) -> int | None:
        with executor.alone:
            following = written(context, position, count, detail)
            executor.moment(context, position, "ended")
        return following

    record.step_ended = step_ended
    engine.BEAT_SECONDS = 0.5
    engine.LEASE /= 5
    workers.LEASE /= 30
    platform = open_platform(Settings(**wanted))
    worker = workers.Worker(platform)
    signal.signal(signal.SIGTERM, lambda *_: worker.stop())
    worker.run()
    platform.close()
