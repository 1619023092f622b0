"""Operations, whatever is killed meanwhile: nothing is done twice, nothing is lost."""

import multiprocessing
import os
import signal
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from polyvisor.op.db.models import Operation
from polyvisor.op.identity.access import unlimited
from polyvisor.op.identity.actor import Actor
from polyvisor.op.operations import operation as operations
from polyvisor.op.operations.operation import Wish
from polyvisor.op.operations.subject import Subject
from polyvisor.op.paging import Slice
from polyvisor.op.problem import Conflict, Invalid
from polyvisor.sandbox import probes
from tests.functional.op import executor
from tests.functional.op.executor import MOMENTS, NAMES
from tests.functional.op.world import World

SECONDS = 400
ACTOR = Actor("tester", "command")
DEADLY = [f"{place} {what}" for place in range(len(NAMES)) for what in MOMENTS]


#: Imports what executors need, once, and forks them: each would take seconds to begin.
FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(["tests.functional.op.executor"])


class Lab:
    """A platform, a world, and the processes that drive operations."""

    def __init__(self, platform: Any, folder: Path) -> None:
        self.platform = platform
        self.world = World(folder / "world.sqlite3")
        self.log_file = folder / "log"
        self.log_file.touch()
        settings = platform.settings
        plain = {"data": settings.data, "database_url": settings.database}
        self._arguments = (plain, folder / "world.sqlite3", self.log_file)
        self.running: list[Any] = []

    def start(self) -> Any:
        process = FORKS.Process(target=executor.main, args=self._arguments)
        process.start()
        self.running.append(process)
        return process

    def end(self) -> None:
        for process in self.running:
            process.kill()
            process.join()

    def pause(self, process: Any) -> None:
        """Stop a process where it holds no lock of the database: one that does holds up all others."""
        while True:
            os.kill(process.pid, signal.SIGSTOP)
            if self._writable():
                return
            os.kill(process.pid, signal.SIGCONT)

    def _writable(self) -> bool:
        database = self.platform.database
        if database.sqlite:
            with closing(sqlite3.connect(database.engine.url.database, timeout=5)) as connection:
                try:
                    connection.execute("BEGIN IMMEDIATE")
                except sqlite3.OperationalError:
                    return False
                return True
        with database.engine.connect() as connection:
            connection.execute(text("SET lock_timeout = '5s'"))
            try:
                connection.execute(text("UPDATE operation SET version = version"))
                connection.execute(text("SELECT pg_advisory_xact_lock(7865022)"))
            except OperationalError:
                return False
            finally:
                connection.rollback()
            return True

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
        dead = [process for process in lab.running if not process.is_alive()]
        assert {process.exitcode for process in dead} <= {-signal.SIGKILL}, lab.log_file.read_text()
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
    first, second = lab.start(), lab.start()
    lab.until(lambda: lab.made(key)[1] == 1, "somebody to make it")
    before = lab.get(key).executor
    first.kill()
    second.kill()
    third = lab.start()
    lab.until(lambda: lab.get(key).executor != before, "a takeover")
    with lab.platform.database.write() as session:
        operations.cancel(session, ACTOR, key)
    lab.until_state(key, "cancelled")
    assert lab.made(key) == [1, 1, 0, 0]
    third.terminate()
    third.join(SECONDS)
    assert third.exitcode == 0


def test_one_that_comes_back_from_a_long_pause_touches_nothing(lab: Lab) -> None:
    key = lab.submit(forever=True)
    first = lab.start()
    lab.until(lambda: lab.made(key)[1] == 1, "the first to make it")
    lab.pause(first)
    before = lab.get(key).fence
    lab.start()
    lab.until(lambda: lab.get(key).fence > before, "a takeover")
    fence = lab.get(key).fence
    os.kill(first.pid, signal.SIGCONT)
    other = lab.submit("other")
    lab.until_state(other, "succeeded")
    assert lab.get(key).fence == fence
    assert lab.made(key) == [1, 1, 0, 0]


def test_a_process_that_is_stopped_lets_go_at_once(lab: Lab) -> None:
    key = lab.submit(forever=True)
    first = lab.start()
    lab.until(lambda: lab.made(key)[1] == 1, "the first to make it")
    first.terminate()
    first.join(SECONDS)
    assert first.exitcode == 0
    before = lab.get(key).executor
    lab.start()
    lab.until(lambda: lab.get(key).executor != before, "a takeover")


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
