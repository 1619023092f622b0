"""Operations, whatever is killed meanwhile: nothing is done twice, nothing is lost."""

import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from polyvisor.op.db.models import Operation
from polyvisor.op.identity.access import unlimited
from polyvisor.op.identity.actor import Actor
from polyvisor.op.operations import operation as operations
from polyvisor.op.operations.operation import Wish
from polyvisor.op.operations.subject import Subject
from polyvisor.op.paging import Slice
from polyvisor.op.problem import Conflict, Invalid
from polyvisor.sandbox import probes
from tests.functional.op.executor import MOMENTS, NAMES
from tests.functional.op.world import World

SECONDS = 180
ACTOR = Actor("tester", "command")
DEADLY = [f"{place} {what}" for place in range(len(NAMES)) for what in MOMENTS]


class Lab:
    """A platform, a world, and the processes that drive operations."""

    def __init__(self, platform: Any, folder: Path) -> None:
        self.platform = platform
        self.world_file = folder / "world.sqlite3"
        self.world = World(self.world_file)
        self.settings_file = folder / "settings.json"
        settings = platform.settings
        plain = {"data": str(settings.data), "database_url": settings.database}
        self.settings_file.write_text(json.dumps(plain))
        self._log = (folder / "log").open("w")
        self.log_file = folder / "log"
        self.running: list[subprocess.Popen[bytes]] = []

    def start(self) -> subprocess.Popen[bytes]:
        arguments = [str(self.settings_file), str(self.world_file)]
        command = [sys.executable, "-m", "tests.functional.op.executor", *arguments]
        process = subprocess.Popen(command, stdout=self._log, stderr=self._log)
        self.running.append(process)
        return process

    def end(self) -> None:
        for process in self.running:
            process.kill()
            process.wait()
        self._log.close()

    def submit(self, name: str = "web", key: str | None = None, **arguments: Any) -> str:
        with self.platform.database.write() as session:
            wish = Wish("test", arguments, NAMES, key)
            made = operations.submit(session, ACTOR, wish, Subject(name, id=f"resource {name}"))
        return made.id

    def get(self, key: str) -> Operation:
        with self.platform.database.read() as session:
            return operations.get(session, unlimited(ACTOR), key)

    def states(self, key: str) -> list[str]:
        with self.platform.database.read() as session:
            return [step.state for step in operations.steps(session, [key])[key]]

    def until(self, condition: Callable[[], bool], what: str) -> None:
        probes.wait(lambda: None if condition() else what, SECONDS, lambda _: None)

    def until_state(self, key: str, state: str) -> None:
        self.until(lambda: self.get(key).state == state, f"{key} to be {state}; {self.log_file.read_text()}")

    def made(self, key: str) -> list[int]:
        return [self.world.find(key, name) for name in NAMES]


@pytest.fixture
def lab(op: Any, tmp_path: Path) -> Iterator[Lab]:
    made = Lab(op.platform, tmp_path)
    yield made
    made.end()


def test_whoever_is_killed_at_whatever_moment_nothing_is_done_twice_or_lost(lab: Lab) -> None:
    keys = {die: lab.submit(die, die=die) for die in DEADLY}
    lab.start(), lab.start()

    def ended() -> bool:
        dead = [process for process in lab.running if process.poll() is not None]
        assert {process.returncode for process in dead} <= {-signal.SIGKILL}, lab.log_file.read_text()
        for process in dead:
            lab.running.remove(process)
            lab.start()
        return all(lab.get(key).state == "succeeded" for key in keys.values())

    lab.until(ended, "all operations to succeed")
    for key in keys.values():
        assert lab.world.find(key, "death") == 1
        assert lab.made(key) == [1] * len(NAMES)
        assert lab.states(key) == ["succeeded"] * len(NAMES)
        assert lab.get(key).progress == 100


def test_another_process_goes_on_while_the_first_is_dead(lab: Lab) -> None:
    key = lab.submit(forever=True)
    first, _second = lab.start(), lab.start()
    lab.until(lambda: lab.get(key).state == "running", "somebody to begin")
    executor = lab.get(key).executor
    first.kill()
    lab.running[1].kill()
    third = lab.start()
    lab.until(lambda: lab.get(key).executor != executor, f"a takeover; {lab.log_file.read_text()}")
    with lab.platform.database.write() as session:
        operations.cancel(session, ACTOR, key)
    lab.until_state(key, "cancelled")
    assert lab.made(key) == [1, 1, 0, 0]
    third.terminate()
    assert third.wait(timeout=SECONDS) == 0


def test_one_that_comes_back_from_a_long_pause_touches_nothing(lab: Lab) -> None:
    key = lab.submit(forever=True)
    first = lab.start()
    lab.until(lambda: lab.made(key)[1] == 1, "the first to make it")
    first.send_signal(signal.SIGSTOP)
    before = lab.get(key).fence
    lab.start()
    lab.until(lambda: lab.get(key).fence > before, "a takeover")
    fence = lab.get(key).fence
    first.send_signal(signal.SIGCONT)
    other = lab.submit("other")
    lab.until_state(other, "succeeded")
    assert lab.get(key).fence == fence
    assert lab.made(key) == [1, 1, 0, 0]


def test_a_process_that_is_stopped_lets_go_at_once(lab: Lab) -> None:
    key = lab.submit(forever=True)
    first = lab.start()
    lab.until(lambda: lab.made(key)[1] == 1, "the first to make it")
    first.terminate()
    assert first.wait(timeout=SECONDS) == 0
    executor = lab.get(key).executor
    lab.start()
    lab.until(lambda: lab.get(key).executor != executor, "a takeover")


def test_a_step_that_finds_no_way_sends_back_to_one_that_has_another(lab: Lab) -> None:
    key = lab.submit(back=True)
    lab.start()
    lab.until_state(key, "succeeded")
    assert lab.made(key) == [1] * len(NAMES)


def test_a_double_click_is_one_operation(lab: Lab) -> None:
    first = lab.submit(key="click-1")
    assert lab.submit(key="click-1") == first
    with pytest.raises(Invalid):
        lab.submit("another", key="click-1")


def test_one_thing_has_one_operation_at_a_time(lab: Lab) -> None:
    first = lab.submit()
    with pytest.raises(Conflict, match=first):
        lab.submit()
    with lab.platform.database.write() as session:
        operations.cancel(session, ACTOR, first)
    assert lab.get(first).state == "cancelled"
    assert lab.submit() != first


def test_what_was_cancelled_can_be_tried_again(lab: Lab) -> None:
    key = lab.submit()
    for act in (operations.cancel, operations.retry):
        with lab.platform.database.write() as session:
            act(session, ACTOR, key)
    lab.start()
    lab.until_state(key, "succeeded")
    with lab.platform.database.write() as session, pytest.raises(Conflict):
        operations.retry(session, ACTOR, key)


def test_an_operation_on_many_has_a_result_for_each(lab: Lab) -> None:
    busy = lab.submit("web 1", forever=True)
    subjects = [Subject(f"web {place}", id=f"resource web {place}") for place in range(3)]
    with lab.platform.database.write() as session:
        parent = operations.submit_bulk(session, ACTOR, Wish("test", {}, NAMES), subjects)
    lab.start()
    lab.until_state(parent.id, "failed")
    with lab.platform.database.read() as session:
        search = operations.Search(parent_id=parent.id)
        parts, _ = operations.find(session, unlimited(ACTOR), search, Slice())
    assert {one.resource_name: one.state for one in parts} == {
        "web 0": "succeeded",
        "web 1": "failed",
        "web 2": "succeeded",
    }
    assert lab.get(parent.id).reason == "1 of 3 did not succeed"
    assert busy in str(next(one for one in parts if one.state == "failed").reason)
