"""What apply and release have begun and done, beside the plan: by it they go on after they were killed.

A line is written, and is on the disk, before OpenStack is asked for something, and again when it has
answered. It has ids, reasons and fingerprints, and never a secret.
"""

import fcntl
import json
import sqlite3
import threading
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Literal, Protocol

from polyvisor.adoption.errors import InputError
from polyvisor.adoption.message import heard
from polyvisor.message import Message, restore

#: "undoing": it failed, and not all of it is gone yet. "left alone": it was not begun with, for a reason.
VmState = Literal["under way", "adopted", "undoing", "failed", "releasing", "released", "left alone"]
#: Owner of what several VMs share.
SHARED: Final = ""
_VERSION: Final = 1
_TABLES: Final = """
CREATE TABLE IF NOT EXISTS things (
    owner TEXT NOT NULL, kind TEXT NOT NULL, key TEXT NOT NULL,
    id TEXT, project TEXT, made INTEGER NOT NULL, PRIMARY KEY (owner, kind, key));
CREATE TABLE IF NOT EXISTS vms (
    id TEXT PRIMARY KEY, state TEXT NOT NULL, reason TEXT NOT NULL, details TEXT NOT NULL, at TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS self (id TEXT NOT NULL);
"""
_NOTE: Final = """
INSERT INTO vms VALUES (?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET state = excluded.state,
reason = excluded.reason, details = json_patch(vms.details, excluded.details), at = excluded.at
"""


@dataclass(frozen=True, slots=True)
class Thing:
    """A resource of OpenStack.

    Attributes:
        owner: id of the VM that it is for, or `SHARED`.
        kind: "network", "port", "server" and so on.
        key: what it is of its owner: of a port the key of the NIC, of a network "physnet/VLAN".
        id: None: asked for, and no answer is known.
        project: id, where the resource is found in its project only.
        made: by apply; what was there before is never removed.
    """

    owner: str
    kind: str
    key: str
    id: str | None = None
    project: str | None = None
    made: bool = True


@dataclass(frozen=True, slots=True)
class Vm:
    """How far a VM is.

    Attributes:
        reason: why it failed or was left alone.
        details: "before": fingerprint; "host": moref; "snapshots": names; "flavor": name; "server": id;
            "seconds"; "changed": settings beside its identity; "left": see there.
        at: of the last change, ISO 8601, UTC.
    """

    id: str
    state: VmState
    reason: Message | None = None
    details: Mapping[str, Any] = field(default_factory=dict)
    at: str = ""

    @property
    def left(self) -> Message | None:
        """What could not be undone, which an earlier release kept the text of only."""
        kept = self.details.get("left")
        return heard(kept) if isinstance(kept, str) else restore(kept) if kept else None


class Journal(Protocol):
    """The journal of one plan. Thread-safe; wherever it is kept, what is written survives a crash.

    What it raises that is no AdoptionError ends apply and release as a crash would, only that what other
    threads have under way is brought to its end. So whoever keeps it can refuse to begin with more VMs.

    Attributes:
        id: made for it, and written on what apply makes, by which that is found again.
    """

    id: str

    def write(self, *things: Thing) -> None:
        """Write down that these are asked for (without id), or there (with id)."""

    def forget(self, *things: Thing) -> None:
        """Write down that these are gone."""

    def things(self, owner: str | None = None, kind: str | None = None) -> list[Thing]:
        """Those of an owner, of a kind; None: of all. In order of owner, kind and key."""

    def thing(self, owner: str, kind: str, key: str) -> Thing | None:
        """One of them."""

    def note(self, *vms: Vm) -> None:
        """Write down how far VMs are. Details are added to those that are known; those that are None go."""

    def drop(self, *vms: str) -> None:
        """Forget VMs of which nothing is left, as if apply had never begun with them."""

    def vms(self) -> dict[str, Vm]:
        """All VMs that apply has begun with, by id."""


class FileJournal(Journal):
    """A journal that is one SQLite file. Of reasons it keeps the texts, which is what its users read."""

    def __init__(self, file: Path) -> None:
        """Open it, or make it, readable by its owner only.

        Raises:
            AdoptionError: it cannot be written, or is none.
        """
        self.file = file
        self._lock = threading.RLock()
        try:
            file.touch(mode=0o600)
            self._db = sqlite3.connect(file, timeout=30, check_same_thread=False, isolation_level=None)
            self._db.execute("PRAGMA journal_mode = WAL")
            # A machine that dies must not take back what OpenStack was told.
            self._db.execute("PRAGMA synchronous = FULL")
            [version] = self._db.execute("PRAGMA user_version").fetchone()
            if version not in {0, _VERSION}:
                raise InputError(f"{file} is of a newer version of polyvisor; upgrade it")
            self._db.executescript(f"{_TABLES} PRAGMA user_version = {_VERSION};")
            self._db.execute(
                "INSERT INTO self SELECT ? WHERE NOT EXISTS (SELECT * FROM self)", (str(uuid.uuid4()),)
            )
            [self.id] = self._db.execute("SELECT id FROM self").fetchone()
        except (OSError, sqlite3.Error) as exc:
            raise InputError(f"the journal {file} cannot be used: {exc}") from exc

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")

    def write(self, *things: Thing) -> None:
        """Write down that these are asked for (without id), or there (with id)."""
        rows = [(t.owner, t.kind, t.key, t.id, t.project, t.made) for t in things]
        with self._transaction() as db:
            db.executemany("INSERT OR REPLACE INTO things VALUES (?, ?, ?, ?, ?, ?)", rows)

    def forget(self, *things: Thing) -> None:
        """Write down that these are gone."""
        with self._transaction() as db:
            keys = [(t.owner, t.kind, t.key) for t in things]
            db.executemany("DELETE FROM things WHERE owner = ? AND kind = ? AND key = ?", keys)

    def things(self, owner: str | None = None, kind: str | None = None) -> list[Thing]:
        """Those of an owner, of a kind; None: of all."""
        with self._lock:
            rows = self._db.execute(
                "SELECT * FROM things WHERE owner = ifnull(?, owner) AND kind = ifnull(?, kind) "
                "ORDER BY owner, kind, key",
                (owner, kind),
            ).fetchall()
        return [
            Thing(owner, kind, key, id_, project, bool(made)) for owner, kind, key, id_, project, made in rows
        ]

    def thing(self, owner: str, kind: str, key: str) -> Thing | None:
        """One of them."""
        return next((item for item in self.things(owner, kind) if item.key == key), None)

    def note(self, *vms: Vm) -> None:
        """Write down how far VMs are. Details are added to those that are known."""
        at = datetime.now(UTC).isoformat(timespec="seconds")
        rows = [(vm.id, vm.state, str(vm.reason or ""), json.dumps(vm.details), at) for vm in vms]
        with self._transaction() as db:
            db.executemany(_NOTE, rows)

    def drop(self, *vms: str) -> None:
        """Forget VMs of which nothing is left, as if apply had never begun with them."""
        with self._transaction() as db:
            db.executemany("DELETE FROM vms WHERE id = ?", [(vm,) for vm in vms])

    def vms(self) -> dict[str, Vm]:
        """All VMs that apply has begun with, by id."""
        with self._lock:
            rows = self._db.execute("SELECT * FROM vms ORDER BY id").fetchall()
        return {
            row[0]: Vm(row[0], row[1], heard(row[2]) if row[2] else None, json.loads(row[3]), row[4])
            for row in rows
        }


def beside(plan: Path) -> Path:
    """Where the journal of a plan is."""
    return plan.with_name(plan.name + ".journal")


@contextmanager
def exclusive(plan: Path) -> Iterator[None]:
    """Let nobody else apply, or release, the plan meanwhile. The lock ends with the process, however that
    ends.

    Raises:
        AdoptionError: somebody does.
    """
    file = plan.with_name(plan.name + ".lock")
    try:
        with file.open("w") as stream:
            try:
                fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise InputError(
                    f"{plan} is being applied or released by another process; wait for its end"
                ) from None
            yield
    except OSError as exc:
        raise InputError(f"{file} cannot be written: {exc.strerror}") from exc
