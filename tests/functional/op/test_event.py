"""Server-sent events, over HTTP as browsers get them."""

import json
import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest
import requests
import uvicorn
from sqlalchemy import delete
from sse_starlette.sse import AppStatus

from polyvisor.op.db.models import Event, Grant, LoginSession
from polyvisor.sandbox import probes
from tests.functional.op.inventory import make_cloud, make_tenant, put, server

SECONDS = 60


class Stream:
    """An open stream of events."""

    def __init__(self, url: str, client: Any, last: str | None = None) -> None:
        headers = {"Last-Event-ID": last} if last else {}
        cookies = dict(client.cookies)
        self.answer = requests.get(url, headers=headers, cookies=cookies, stream=True, timeout=SECONDS)
        assert self.answer.status_code == 200, self.answer.text
        self._lines = self.answer.iter_lines(decode_unicode=True, chunk_size=1)

    def next(self) -> dict[str, Any]:
        """The next event: id, event, data."""
        event: dict[str, Any] = {}
        for line in self._lines:
            if not line and event:
                return event | {"data": json.loads(event["data"])}
            name, colon, value = line.partition(":")
            if colon and name:
                event[name] = value.strip()
        raise EOFError

    def close(self) -> None:
        self.answer.close()


@pytest.fixture
def url(op: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The application on a port, served as `op serve` does."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    config = uvicorn.Config(op.app, port=port, log_level="warning", timeout_graceful_shutdown=1)
    running = uvicorn.Server(config)
    thread = threading.Thread(target=running.run)
    thread.start()
    probes.wait(lambda: None if running.started else "the server", SECONDS, lambda _: None)
    yield f"http://127.0.0.1:{port}/api/v1/events"
    monkeypatch.setattr(AppStatus, "should_exit", True)  # what a signal does
    running.should_exit = True
    thread.join()


@pytest.fixture
def north(op: Any) -> str:
    return make_cloud(op, "north")


def test_a_change_is_told_and_nothing_is_missed_between(op: Any, north: str, url: str) -> None:
    stream = Stream(url, op.admin)
    assert stream.next()["event"] == "ready"
    put(op, north, server("a"))
    first = stream.next()
    key = op.admin.get("resources").json()["items"][0]["id"]
    assert (first["event"], first["data"]) == (
        "resource",
        {"id": key, "kind": "server", "version": 1, "change": "created"},
    )
    stream.close()
    put(op, north, server("a", status="ERROR"))
    put(op, north, server("a", deleted=True))
    again = Stream(url, op.admin, first["id"])
    assert [again.next()["data"]["change"] for _ in range(2)] == ["updated", "gone"]
    again.close()


def test_nobody_is_told_of_others(op: Any, north: str, url: str) -> None:
    sales = make_tenant(op, "sales", north, "p-sales")
    make_tenant(op, "research", north, "p-research")
    stream = Stream(url, op.user("li", "user", sales["node"]))
    stream.next()
    put(op, north, server("theirs", "p-research"))
    put(op, north, server("mine", "p-sales"))
    mine = op.admin.get("resources", params={"q": "mine"}).json()["items"][0]
    assert stream.next()["data"]["id"] == mine["id"]
    stream.close()


def test_who_was_away_for_too_long_reads_everything_again(op: Any, north: str, url: str) -> None:
    put(op, north, server("a"))
    put(op, north, server("a", status="ERROR"))
    with op.platform.database.write() as session:
        session.execute(delete(Event))
    put(op, north, server("b"))
    stream = Stream(url, op.admin, "1")
    assert stream.next()["event"] == "reset"
    stream.close()


@pytest.mark.parametrize("table", [LoginSession, Grant])
def test_a_stream_ends_with_the_session_or_the_right(op: Any, north: str, url: str, table: Any) -> None:
    client = op.user("li", "user", f"/clouds/{north}")
    stream = Stream(url, client)
    stream.next()
    with op.platform.database.write() as session:
        user = client.get("session").json()["user"]["id"]
        session.execute(delete(table).where(table.user_id == user))
    put(op, north, server("a"))
    with pytest.raises(EOFError):
        stream.next()


def test_the_first_reading_of_a_cloud_is_one_event(op: Any, north: str, url: str) -> None:
    stream = Stream(url, op.admin)
    stream.next()
    put(op, north, server("a"), server("b"), quiet=True)
    put(op, north, server("c"))
    key = op.admin.get("resources", params={"q": "id-of-c"}).json()["items"][0]["id"]
    assert stream.next()["data"]["id"] == key
    stream.close()
