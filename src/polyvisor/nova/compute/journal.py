"""What began here and has not ended for certain: one small file for each server, on this machine's disk.

There are two journals. That of builds: Nova cleans up after a build that failed. Where that fails too,
because vCenter is away, it forgets which host the server was on: nova-api alone deletes the server then, and
nobody tells vCenter. The journal remembers what `reclaiming` has to go back for. That of operations: it
remembers which task of vCenter `operation` has to find again when nova-compute was killed.
"""

import contextlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nova.conf
from oslo_utils import timeutils, uuidutils

CONF = nova.conf.CONF

BUILDS = "polyvisor-leftovers"
OPERATIONS = "polyvisor-operations"


class Journal:
    """What is under way on one compute node, which is one cluster of one vCenter.

    The files are at ``state_path/KIND/NODE/SERVER.json``. Several nova-computes may share a
    `state_path`, or be switched to another cluster: none takes up what was begun in a cluster not its own.
    """

    def __init__(self, node: str, cluster: str, kind: str = BUILDS) -> None:
        """Keep the journal of a compute node; `cluster` is its name, for people who read the files."""
        self.folder = Path(CONF.state_path, kind, node)
        self._cluster = cluster

    def path(self, server: str) -> Path:
        """Return where the record of a server (its UUID) is, if it has one."""
        return self.folder / f"{server}.json"

    def begin(self, server: str, **details: Any) -> None:
        """Record that something begins. Once this returns, a crash of the machine does not lose it.

        `details` are whatever JSON can hold.

        :raises OSError: the file cannot be written. Nothing must be changed in vCenter then.
        """
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        record = {
            "server": server,
            "vcenter": CONF.vmware.host_ip,
            "cluster": self._cluster,
            "began": timeutils.utcnow().isoformat(timespec="seconds") + "Z",
        }
        self._write(server, record | details)

    def add(self, server: str, **details: Any) -> None:
        """Add to the record of a server, as durably.

        :raises OSError: the file cannot be written.
        """
        self._write(server, self.read(server) | details)

    def read(self, server: str) -> dict[str, Any]:
        """Return the record of a server; empty if there is none."""
        try:
            return dict(json.loads(self.path(server).read_text()))
        except FileNotFoundError:
            return {}

    def _write(self, server: str, record: dict[str, Any]) -> None:
        new = self.path(server).with_suffix(".new")
        with new.open("w") as file:
            json.dump(record, file)
            file.flush()
            os.fsync(file.fileno())
        new.replace(self.path(server))
        with _opened(self.folder) as folder:
            os.fsync(folder)

    def end(self, server: str) -> None:
        """Forget it: it succeeded, or nothing is left of it."""
        self.path(server).unlink(missing_ok=True)

    def servers(self) -> list[str]:
        """Return the UUIDs of all servers with a record."""
        return sorted(path.stem for path in self.folder.glob("*.json") if uuidutils.is_uuid_like(path.stem))


@contextlib.contextmanager
def _opened(folder: Path) -> Iterator[int]:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        yield descriptor
    finally:
        os.close(descriptor)
