"""Operations of the platform on the sandbox's OpenStack, by its API, with the worker killed in between."""

import os
import signal
import socket
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest

from polyvisor.sandbox import cloud as sandbox
from tests.e2e.test_op_clouds import POLYVISOR, Op, _answers

SECONDS = 300


class Platform(Op):
    """The API and the worker, each a process of its own, and a tenant that has the sandbox's project."""

    def __init__(self, lab: Any, data: Any, port: int) -> None:
        super().__init__(lab, data, port)
        self._lab = lab
        self.worker: subprocess.Popen[bytes] | None = None

    def start_worker(self) -> None:
        self.worker = subprocess.Popen([*POLYVISOR, "worker"], env=self.environment)

    def kill_worker(self) -> None:
        assert self.worker is not None
        self.worker.send_signal(signal.SIGKILL)
        self.worker.wait(timeout=60)

    def register(self) -> None:
        cloud = self.command("cloud", "add", "sandbox", "--os-cloud", "admin", "--json")
        self.tenant = self.call("POST", "tenants", name="e2e-operations")
        path = f"tenants/{self.tenant['id']}/projects"
        mine = self._lab.tenant.current_project_id
        project = self.call("POST", path, cloud_id=cloud["id"], external_id=mine)
        self.until(lambda: self.call("GET", f"{path}/{project['id']}")["state"] == "ready", "the project")

    def wanted(self, name: str, **more: Any) -> dict[str, Any]:
        place = {"image": sandbox.IMAGE, "networks": [sandbox.NETWORK], "flavor": "tiny"}
        return {"name": name, "tenant_id": self.tenant["id"]} | place | more

    def done(self, operation: dict[str, Any]) -> Any:
        """The operation, when it has ended; it must have succeeded."""
        self.until(lambda: self.show(operation)["finished"] is not None, f"{operation['action']} to end")
        ended = self.show(operation)
        assert ended["state"] == "succeeded", ended
        return ended

    def show(self, operation: dict[str, Any]) -> Any:
        return self.call("GET", f"operations/{operation['id']}")

    def act(self, resource: str, action: str, **arguments: Any) -> Any:
        body = {"action": action, "arguments": arguments}
        return self.done(self.call("POST", f"resources/{resource}/actions", **body))

    def resource(self, server: str) -> str:
        """The platform's id of a server, when the inventory has it."""

        def found() -> list[Any]:
            items: list[Any] = self.call("GET", f"resources?kind=server&q={server}")["items"]
            return items

        self.until(lambda: bool(found()), "the inventory to have the server")
        return str(found()[0]["id"])

    def until(self, condition: Any, what: str) -> None:
        self._lab.until(condition, what, SECONDS)


@pytest.fixture(scope="module")
def op(lab: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    made = Platform(lab, tmp_path_factory.mktemp("op") / "data", port)
    subprocess.run([*POLYVISOR, "migrate"], env=made.environment, timeout=SECONDS, check=True)
    api = subprocess.Popen([*POLYVISOR, "api"], env=made.environment)
    try:
        made.start_worker()
        made.until(lambda: _answers(made), "the platform to answer")
        made.log_in()
        made.register()
        yield made
    finally:
        for process in (api, made.worker):
            if process is not None:
                process.terminate()
                process.wait(timeout=60)


def test_a_server_lives_by_the_platform(lab: Any, op: Platform, servers: list[Any]) -> None:
    verdicts = op.call("POST", "servers", **op.wanted("e2e-op", dry_run=True))["candidates"]
    assert {one["hypervisor"]: one["ok"] for one in verdicts} == {"vmware": True, "kvm": False}
    made = op.done(op.call("POST", "servers", **op.wanted("e2e-op")))
    server = lab.tenant.compute.get_server(made["result"]["server"])
    servers.append(server)
    assert (server.status, server.metadata["polyvisor:operation"]) == ("ACTIVE", made["id"])
    assert made["resource_id"] == op.resource(server.id)
    assert made["result"]["candidates"][0]["ok"]

    resource = op.resource(server.id)
    op.act(resource, "stop")
    assert lab.tenant.compute.get_server(server).status == "SHUTOFF"
    op.act(resource, "start")
    assert lab.tenant.compute.get_server(server).status == "ACTIVE"

    op.act(resource, "snapshot", name="before")
    (snapshot,) = op.call("GET", f"resources/{resource}/snapshots")["snapshots"]
    assert snapshot["name"] == "before"
    op.act(resource, "delete_snapshot", snapshot=snapshot["id"])
    assert op.call("GET", f"resources/{resource}/snapshots")["snapshots"] == []

    here, _ = lab.place(server)
    move = {"action": "migrate", "arguments": {"host": "auto"}, "dry_run": True}
    hosts = op.call("POST", f"resources/{resource}/actions", **move)["check"]["hosts"]
    target = next(one["name"] for one in hosts if one["ok"] and one["name"] != here)
    op.act(resource, "migrate", host=target)
    assert lab.place(server)[0] == target

    op.act(resource, "delete")
    assert lab.tenant.compute.find_server(server.id) is None


@pytest.mark.parametrize("moment", ["ask", "build"])
def test_a_worker_that_is_killed_makes_no_second_server(
    lab: Any, op: Platform, servers: list[Any], moment: str
) -> None:
    name = f"e2e-op-killed-{moment}-{os.getpid()}"
    operation = op.call("POST", "servers", **op.wanted(name))

    def begun() -> bool:
        return any(step["name"] == moment and step["started"] for step in op.show(operation)["steps"])

    op.until(begun, f"the step {moment} to begin")
    op.kill_worker()
    assert op.show(operation)["state"] == "running"
    op.start_worker()
    made = op.done(operation)
    mine = [one for one in lab.tenant.compute.servers() if one.name == name]
    servers += mine
    assert [one.id for one in mine] == [made["result"]["server"]]
    assert mine[0].status == "ACTIVE"
