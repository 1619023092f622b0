"""Drives operations by DBOS: the only module that knows it. See docs/decisions/0016-operations.md.

DBOS queues operations, runs each in a thread, and goes on with one whose process has died. What is true of an
operation is in our own tables; without DBOS's, open operations would be begun again and find what they did.
"""

from __future__ import annotations

import logging
import sqlite3
import threading
from contextlib import closing
from datetime import datetime, timedelta

from dbos import DBOS, DBOSConfig, DBOSPortableJSONSerializer, SetWorkflowID, StepOptions
from sqlalchemy import update

from polyvisor.op.db.models import Operation
from polyvisor.op.operations.engine import Engine

#: Operations that one process works on at once.
THREADS = 32
_QUEUE = "operations"
_POLL_SECONDS = 0.5
#: What has ended in the driver is kept so long, for whoever looks for a fault.
_KEPT = timedelta(days=1)
#: DBOS would take a digest of our code, and leave alone for ever what another release has begun.
_VERSION = "1"
_ENDED = {"SUCCESS", "ERROR", "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED"}

#: DBOS is one for each process, and its functions are found by their names.
_engine: Engine | None = None


@DBOS.workflow(name="operation")
def _drive(operation_id: str) -> None:
    engine = _engine
    assert engine is not None  # noqa: S101 - set before DBOS is launched
    fence = engine.take(operation_id)
    if fence is None:
        return
    position: int | None = 0
    try:
        while position is not None:
            # Its result is kept: whoever goes on after a crash is given it, and begins with what has none.
            options = StepOptions(name=f"step {position}")
            position = DBOS.run_step(options, engine.perform, operation_id, position, fence)
    finally:
        engine.let_go(operation_id)


class Driver:
    """DBOS in this process, from ``start`` until ``stop``."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._database = engine.platform.database
        self._beats = threading.Thread(target=engine.keep_beating, name="beat", daemon=True)

    def start(self) -> None:
        """Begin to work on what is given to any driver on this database."""
        global _engine  # noqa: PLW0603 - see there
        _engine = self._engine
        logging.getLogger("dbos").setLevel(logging.WARNING)
        DBOS(config=self._config())
        DBOS.launch()
        DBOS.register_queue(_QUEUE, worker_concurrency=THREADS, polling_interval_sec=_POLL_SECONDS)
        self._beats.start()

    def stop(self, seconds: float = 30) -> None:
        """Let go of all operations; others go on with them, or this one when it is started again."""
        global _engine  # noqa: PLW0603
        self._engine.stop()
        DBOS.destroy(workflow_completion_timeout_sec=int(seconds))
        self._beats.join()
        _engine = None

    def look_after(self, operation_id: str) -> None:
        """See that somebody works on an operation that is due: nobody does yet, or whoever did is gone."""
        with self._database.read() as session:
            found = session.get(Operation, operation_id)
        if found is None or found.due is None:
            return
        status = DBOS.get_workflow_status(_key(found))
        state = status.status if status else None
        if state == "PENDING":
            DBOS.resume_workflow(_key(found), queue_name=_QUEUE)
        elif state in _ENDED:
            self._give_anew(found)
        elif state is None:
            _give(found)

    def clean(self) -> None:
        """Forget what ended long ago."""
        old = (datetime.now().astimezone() - _KEPT).isoformat()
        ended = DBOS.list_workflows(
            completed_before=old, status=sorted(_ENDED), load_input=False, load_output=False
        )
        DBOS.delete_workflows([one.workflow_id for one in ended])

    def _give_anew(self, operation: Operation) -> None:
        """What ended in the driver without its operation having ended, is driven under a new key."""
        with self._database.write() as session:
            statement = update(Operation).where(
                Operation.id == operation.id, Operation.attempt == operation.attempt
            )
            session.execute(statement.values(attempt=operation.attempt + 1))
        operation.attempt += 1
        _give(operation)

    def _config(self) -> DBOSConfig:
        return DBOSConfig(
            name="polyvisor",
            application_version=_VERSION,
            executor_id=self._engine.executor,
            system_database_url=self._store(),
            serializer=DBOSPortableJSONSerializer(),  # the default is pickle
            max_executor_threads=THREADS + 8,
            log_level="WARNING",
        )

    def _store(self) -> str:
        """Its own file beside SQLite's, its own schema in PostgreSQL's database."""
        if not self._database.sqlite:
            return self._database.url
        file = self._engine.platform.settings.data / "driver.sqlite3"
        file.touch(mode=0o600)
        with closing(sqlite3.connect(file, timeout=30)) as connection:
            connection.execute("PRAGMA journal_mode=WAL")  # stays with the file; DBOS leaves it at "delete"
        return f"sqlite:///{file}"


def _key(operation: Operation) -> str:
    return f"{operation.id}.{operation.attempt}"


def _give(operation: Operation) -> None:
    with SetWorkflowID(_key(operation)):
        DBOS.enqueue_workflow(_QUEUE, _drive, operation.id)
