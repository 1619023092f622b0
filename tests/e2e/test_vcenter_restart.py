"""vCenter restarts, hangs, or is cut off while it works on a server, on a whole cloud."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.e2e.conftest import Lab

Faults = Callable[[list[dict[str, Any]]], None]
WORK = {"snapshot": "CreateSnapshot_Task", "clone": "CloneVM_Task"}


class Begun:
    """Long work on a server of these tests."""

    def __init__(self, lab: Lab, work: str, servers: list[Any]) -> None:
        self._lab = lab
        self._work = work
        self.server = lab.build(host="esx12", datastore="shared1")
        servers.append(self.server)
        self.subject = self.server
        self._servers = servers

    def begin(self) -> None:
        """Begin it, and wait until nova-compute has written down which task of vCenter does it."""
        self.ask()
        self._lab.until(self._has_task, "a record of the task", 120)

    def ask(self, *options: str) -> None:
        """Ask for it by the command."""
        if self._work == "snapshot":
            command = ("server", "vmware", "snapshot", "create", self.server.id, "one", *options)
            done = self._lab.openstack(*command)
            assert done.returncode == 0, done.stderr
        else:
            [made] = self._lab.openstack_json("server", "vmware", "clone", self.server.id, "copy", *options)
            self.subject = self._lab.tenant.compute.get_server(made["ID"])
            self._servers.append(self.subject)

    def _has_task(self) -> bool:
        found = list(self._lab.settings.root.rglob(f"polyvisor-operations/*/{self.subject.id}.json"))
        return bool(found) and "task" in json.loads(found[0].read_text())

    def end(self) -> Any:
        """Give the server that is worked on, when Nova has it back."""
        self._lab.until(lambda: self._now().task_state is None, "the end of the work", 300)
        return self._now()

    def _now(self) -> Any:
        return self._lab.tenant.compute.get_server(self.subject.id)

    def snapshots(self) -> list[str]:
        """Names of the snapshots of the server."""
        found = self._lab.openstack_json("server", "vmware", "snapshot", "list", self.server.id)
        return [row["Name"] for row in found]


@pytest.fixture(params=WORK)
def begun(lab: Lab, servers: list[Any], request: pytest.FixtureRequest) -> Begun:
    return Begun(lab, request.param, servers)


def is_done(begun: Begun) -> bool:
    if begun.subject is begun.server:
        return begun.snapshots() == ["one"]
    return bool(begun.end().status == "ACTIVE")


def test_it_restarts_and_has_lost_the_task(lab: Lab, faults: Faults, begun: Begun) -> None:
    """The program ends, and its tasks with it. What was not done is not called done; ask again."""
    faults([{"method": method, "at": "task", "delay": "600s"} for method in WORK.values()])
    begun.begin()
    lab.supervisor.restart("vcenter")

    assert begun.end().status == ("ACTIVE" if begun.subject is begun.server else "ERROR")
    event, *_ = lab.openstack_json("server", "event", "list", "--long", begun.server.id)
    assert event["Message"]
    assert lab.openstack("server", "show", begun.server.id).returncode == 0
    assert begun.snapshots() == []
    begun.ask("--wait")
    assert is_done(begun)


def test_it_is_cut_off_while_its_tasks_go_on(lab: Lab, faults: Faults, begun: Begun) -> None:
    """Nobody is answered for a while, and all logins have ended then; the task has been done meanwhile."""
    faults([{"method": method, "at": "task", "delay": "20s"} for method in WORK.values()])
    begun.begin()
    for session in json.loads(lab.govc("session.ls", "-json"))["sessionList"]:
        if not session["userAgent"].startswith("govc"):
            lab.govc("session.rm", session["key"])
    faults([{"method": "*", "action": "drop"}])
    lab.until(lambda: lab.faults_hit() > 5, "nova-compute to ask in vain")
    faults([])
    assert begun.end().status == "ACTIVE"
    assert is_done(begun)


def test_it_hangs(lab: Lab, faults: Faults, begun: Begun) -> None:
    faults([{"method": method, "at": "task", "delay": "10s"} for method in WORK.values()])
    begun.begin()
    faults([{"method": "WaitForUpdatesEx", "action": "hang", "count": 2}])
    lab.until(lambda: lab.faults_hit() > 0, "vCenter to be asked and to hang")
    assert begun.end().status == "ACTIVE"
    assert is_done(begun)
