"""Servers of Nova that are VMs of vCenter."""

import threading
import time
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final

from polyvisor.adoption.clouds import RefusedError, ask, ask_gone, clock_skew, listing
from polyvisor.adoption.job import Job
from polyvisor.adoption.journal import Thing
from polyvisor.adoption.message import heard, say
from polyvisor.adoption.resources.shared import recorded
from polyvisor.adoption.work import Work
from polyvisor.message import Message

KIND, KEY = "server", "server"
#: Metadata by which one is found again after a crash.
_MARK: Final = "polyvisor:adoption"
_PAUSE: Final = 1.0
#: Seconds between two lists, and which of them ask for what is rare while servers are being built.
_LIST_PAUSE: Final = 2.0
_RARELY: Final = 3
#: For a server that is being built to end so, before it is removed all the same.
_BUILD_SECONDS: Final = 60.0
#: Seconds by which the lists overlap: what is in the database at a moment may carry an earlier time.
_OVERLAP: Final = 20.0
#: A list with details would cost Nova a question to Neutron; these cost one query of its database each.
_STATUSES: Final[Mapping[str, list[str]]] = {
    "built": ["ACTIVE", "SHUTOFF", "SUSPENDED", "PAUSED"],
    "error": ["ERROR"],
    "gone": ["DELETED"],
}


def thing(job_id: str) -> Thing:
    """How the journal knows the server of a VM."""
    return Thing(job_id, KIND, KEY)


def make(work: Work, job: Job, ports: Mapping[str, str], volumes: Sequence[str], ticket: str) -> str:
    """Ask Nova to adopt a VM; give the id of the server, which is being built.

    Args:
        ports: key of a NIC -> id of its port.

    Raises:
        RefusedError: Nova said no.
    """
    wanted = thing(job.id)
    body: dict[str, Any] = {
        "name": job.server.server,
        "project_id": job.project,
        "vm": job.id,
        "instance_uuid": job.server.instance_uuid,
        "ticket": ticket,
        "flavor": job.flavor,
        "ports": [{"port": port, "nic": int(nic)} for nic, port in ports.items()],
        "metadata": {_MARK: work.mark(job.id)},
    }
    if volumes:
        body["volumes"] = list(volumes)
    with recorded(work, wanted):
        made = ask(work.clouds.admin.compute, "POST", "/os-server-adopt", {"server": body})["server"]
    work.journal.write(replace(wanted, id=made["id"]))
    return str(made["id"])


def find(work: Work, things: Iterable[Thing]) -> list[Thing]:
    """The server of one VM, if it is there, of which no answer is known."""
    marks = {work.mark(item.owner): item for item in things}
    found = listing(work.clouds.admin.compute, "/servers/detail", "servers", {"all_tenants": "1"})
    return [
        replace(marks[mark], id=item["id"])
        for item in found
        if (mark := item["metadata"].get(_MARK)) in marks
    ]


def remove(work: Work, known: Thing) -> None:
    """Let Nova forget it; it is gone some time later.

    Raises:
        RefusedError: Nova said no.
    """
    compute, path = work.clouds.admin.compute, f"/servers/{known.id}"
    status = _settled(work, str(known.id))
    if status in {"ERROR", "BUILD"}:
        # One that was never built is deleted: its VM is as it was. Of all others Nova protects the VM. A
        # service that was killed may have taken with it what a server needs to be built, or to fail.
        try:
            ask_gone(compute, "DELETE", path)
        except RefusedError as exc:
            if exc.status != 409:
                raise
        else:
            return
    if status:
        ask_gone(compute, "POST", f"{path}/action", {"os-server-release": {}})


def _settled(work: Work, server_id: str) -> str | None:
    """The status of a server, when it is not being built any more; None: it is gone."""
    end = time.monotonic() + min(_BUILD_SECONDS, work.patience)
    while True:
        server = _show(work.clouds.admin.compute, server_id)
        if server is None:
            return None
        if server["status"] != "BUILD" or time.monotonic() > end:
            return str(server["status"])
        time.sleep(_PAUSE)


def is_idle(work: Work, server: str) -> bool:
    """Whether a server is there and Nova does nothing with it any more, so that it will not be gone."""
    found = _show(work.clouds.admin.compute, server)
    return found is not None and found["status"] != "DELETED" and found["OS-EXT-STS:task_state"] is None


def _show(compute: Any, server: str) -> dict[str, Any] | None:
    """A server as Nova shows it; None: it is gone."""
    try:
        found: dict[str, Any] = ask(compute, "GET", f"/servers/{server}")["server"]
    except RefusedError as exc:
        if exc.status == 404:
            return None
        raise
    return found


def fault(work: Work, server: str) -> Message:
    """Why a server is in error, or where to look for why it is still there."""
    try:
        found = ask(work.clouds.admin.compute, "GET", f"/servers/{server}")["server"]
    except RefusedError as exc:
        return exc.message
    says = found.get("fault", {}).get("message")
    return heard(says) if says else say("server_is", status=found["status"], server=server)


class Watch:
    """Waits for many servers by short lists, whoever waits for how many of them. Thread-safe."""

    def __init__(self, work: Work) -> None:
        """Begin with what changes from now on, by Nova's clock."""
        self._compute = work.clouds.admin.compute
        self._lock = threading.Lock()
        self._states: dict[str, str] = {}
        self._wanted: Counter[str] = Counter()
        self._counting = threading.Lock()
        self._skew = clock_skew(self._compute)
        self._looked, self._looks = 0.0, 0
        self._since = dict.fromkeys(_STATUSES, time.time())

    def wait(self, servers: Iterable[str], seconds: float, ends: Collection[str]) -> dict[str, str]:
        """Wait until servers are as wished.

        Args:
            ends: of "built", "error" and "gone", what to wait for.

        Returns:
            id -> which of them; those that took longer are missing.

        Raises:
            RefusedError: Nova does not answer any more.
        """
        waiting, ended = set(servers), {}
        end = time.monotonic() + seconds
        self._want(ends, 1)
        try:
            while waiting and time.monotonic() < end:
                states = self._look()
                ended.update({server: states[server] for server in waiting if states.get(server) in ends})
                waiting -= ended.keys()
        finally:
            self._want(ends, -1)
        return ended

    def ask(self, servers: Iterable[str]) -> None:
        """Ask Nova for each of these, which may have ended before this process began.

        Raises:
            RefusedError: Nova does not answer.
        """
        of_status = {status: state for state, statuses in _STATUSES.items() for status in statuses}
        for server in servers:
            found = _show(self._compute, server)
            if state := of_status.get(found["status"] if found else "DELETED"):
                self._states[server] = state

    def _want(self, ends: Iterable[str], change: int) -> None:
        with self._counting:
            for end in ends:
                self._wanted[end] += change

    def _look(self) -> Mapping[str, str]:
        """Ask Nova, once in a while for all who wait; give all that is known."""
        with self._lock:
            time.sleep(max(self._looked + _LIST_PAUSE - time.monotonic(), 0))
            for state in self._due():
                now = time.time()
                since = datetime.fromtimestamp(self._since[state] + self._skew - _OVERLAP, UTC).isoformat()
                query = {"all_tenants": "1", "changes-since": since, "status": _STATUSES[state]}
                found = listing(self._compute, "/servers", "servers", query)
                self._states.update({item["id"]: state for item in found})
                self._since[state] = now
            self._looked, self._looks = time.monotonic(), self._looks + 1
            return dict(self._states)

    def _due(self) -> list[str]:
        """The states to ask for now: while servers are being built, the others less often."""
        rarely = self._wanted["built"] and self._looks % _RARELY
        return [state for state in _STATUSES if self._wanted[state] and (state == "built" or not rarely)]
