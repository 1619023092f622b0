"""Sessions on the database: those that only read, and those that write."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from functools import partial
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.orm import Session, sessionmaker

#: Seconds that a writer waits for another one (SQLite), or a request for a connection.
WAIT_SECONDS = 30
_WRITE = "polyvisor_write"


class Turn:
    """A lock that is given in the order in which it was asked for.

    SQLite's own is whoever's asks in the right moment: of many writers some would wait until they give up.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: deque[threading.Event] = deque()

    def __enter__(self) -> None:
        mine = threading.Event()
        with self._lock:
            self._waiting.append(mine)
            if self._waiting[0] is mine:
                mine.set()
        mine.wait()

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._waiting.popleft()
            if self._waiting:
                self._waiting[0].set()


class Database:
    """An engine, and its two kinds of sessions. Thread-safe.

    A session that writes takes SQLite's one write lock at its start, and so waits for its turn: if it took it
    at its first change, SQLite would refuse it whenever somebody else had written since its first read.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.engine = make_engine(url)
        self._read = sessionmaker(self.engine, expire_on_commit=False)
        self._write = sessionmaker(writing(self.engine), expire_on_commit=False)
        self._turn = Turn()

    @property
    def sqlite(self) -> bool:
        """Whether it is SQLite."""
        return self.engine.dialect.name == "sqlite"

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session that sees one state and changes nothing."""
        with self._read() as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """A session that is committed at its end, or undone if an exception leaves it.

        Nothing slow belongs in it, a call to a cloud least of all: SQLite has one writer at a time.
        """
        with self._turn if self.sqlite else nullcontext(), self._write.begin() as session:
            yield session

    def dispose(self) -> None:
        """Close all connections."""
        self.engine.dispose()


def make_engine(url: str, *, foreign_keys: bool = True) -> Engine:
    """An engine for SQLite or PostgreSQL, set up alike for both.

    Migrations want SQLite without ``foreign_keys``: they drop tables to change them, and every row that
    refers to one would go with it.
    """
    if make_url(url).get_backend_name() == "sqlite":
        engine = create_engine(url, connect_args={"timeout": WAIT_SECONDS}, pool_timeout=WAIT_SECONDS)
        event.listen(engine, "connect", partial(_prepare_sqlite, foreign_keys=foreign_keys))
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    return create_engine(
        url,
        pool_pre_ping=True,
        pool_timeout=WAIT_SECONDS,
        connect_args={"connect_timeout": 10, "application_name": "polyvisor-op"},
    )


def _prepare_sqlite(connection: Any, _record: Any, *, foreign_keys: bool) -> None:
    connection.isolation_level = None  # BEGIN is ours: see _begin_sqlite
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", f"foreign_keys={int(foreign_keys)}", "synchronous=FULL"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def writing(engine: Engine) -> Engine:
    """The same engine, whose transactions take SQLite's write lock at their start."""
    return engine.execution_options(**{_WRITE: True})


def _begin_sqlite(connection: Connection) -> None:
    write = connection.get_execution_options().get(_WRITE)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")
