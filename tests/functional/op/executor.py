"""A process that drives operations, and kills itself where it is told: started by test_operation.

Arguments: file of settings as JSON, file of the world, and where to die, as "2 acted", or "never".
"""

import json
import os
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any

from polyvisor.op import worker as workers
from polyvisor.op.actions import registry
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

    def __init__(self, world: World, die: str) -> None:
        self._world = world
        self._die = die

    def steps(self) -> tuple[Step, ...]:
        return tuple(Step(name, self._run(name, place), at_once) for place, name in enumerate(NAMES))

    def _run(self, name: str, place: int) -> Any:
        def run(context: Context) -> Outcome:
            self.moment(place, "began")
            if context.arguments.get("back") and name == "wait" and not context.memory.get("back"):
                context.remember(back=True)
                return Back("make", "once more")
            if context.arguments.get("forever") and name == "wait":
                return Wait("for ever", seconds=0.1)
            if not self._world.find(context.operation.id, name):
                context.guard()
                self._world.make(context.operation.id, name)
                self.moment(place, "acted")
            return Done(name)

        return run

    def moment(self, place: int, what: str) -> None:
        if self._die == f"{place} {what}":
            os.kill(os.getpid(), signal.SIGKILL)


def main() -> None:
    settings, world, die = sys.argv[1:]
    executor = Executor(World(Path(world)), die)
    registry.STEPS["test"] = executor.steps()
    written = record.step_ended

    def step_ended(context: Context, position: int, count: int, detail: str) -> int | None:
        following = written(context, position, count, detail)
        executor.moment(position, "ended")
        return following

    record.step_ended = step_ended
    engine.BEAT_SECONDS = 0.5
    engine.LEASE /= 10
    workers.LEASE /= 60
    platform = open_platform(Settings(**json.loads(Path(settings).read_text())))
    worker = workers.Worker(platform)
    signal.signal(signal.SIGTERM, lambda *_: worker.stop())
    worker.run()
    platform.close()


if __name__ == "__main__":
    threading.Thread(target=lambda: (time.sleep(240), os._exit(3)), daemon=True).start()
    main()
