"""Which builds began here and have not ended for certain: one small file for each, on this machine's disk.

Nova cleans up after a build that failed. Where that fails too, because vCenter is away, it forgets which host
the server was on: nova-api alone deletes the server then, and nobody tells vCenter. The journal remembers
what `reclaiming` has to go back for.
"""

import contextlib
import json
import os
from collections.abc import Iterator
from pathlib import Path

import nova.conf
from oslo_utils import timeutils, uuidutils

CONF = nova.conf.CONF


class Journal:
    """The builds of one compute node, which is one cluster of one vCenter.

    The files are at ``state_path/polyvisor-leftovers/NODE/SERVER.json``. Several nova-computes may share a
    `state_path`, or be switched to another cluster: none takes up what was begun in a cluster not its own.
    """

    def __init__(self, node: str, cluster: str) -> None:
        """Keep the journal of a compute node; `cluster` is its name, for people who read the files."""
        self.folder = Path(CONF.state_path, "polyvisor-leftovers", node)
        self._cluster = cluster

    def path(self, server: str) -> Path:
        """Return where the record of a server (its UUID) is, if it has one."""
        return self.folder / f"{server}.json"

    def begin(self, server: str) -> None:
        """Record that a build begins. Once this returns, a crash of the machine does not lose it.

        :raises OSError: the file cannot be written. Nothing must be built then.
        """
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        record = {
            "server": server,
            "vcenter": CONF.vmware.host_ip,
            "cluster": self._cluster,
            "began": timeutils.utcnow().isoformat(timespec="seconds") + "Z",
        }
        new = self.path(server).with_suffix(".new")
        with new.open("w") as file:
            json.dump(record, file)
            file.flush()
            os.fsync(file.fileno())
        new.replace(self.path(server))
        with _opened(self.folder) as folder:
            os.fsync(folder)

    def end(self, server: str) -> None:
        """Forget a build: it succeeded, or nothing is left of it."""
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
