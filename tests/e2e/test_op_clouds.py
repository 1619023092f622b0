"""The operations platform over the sandbox's OpenStack, by the command and the API as users have them."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from polyvisor.sandbox import configuration

SECONDS = 120


class Op:
    """`polyvisor op serve` on a data folder of its own, and who is logged in there."""

    def __init__(self, lab: Any, data: Path, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}/api/v1"
        self.environment = os.environ | configuration.client_environment(lab.settings, "admin")
        self.environment |= {"POLYVISOR_OP_DATA": str(data), "POLYVISOR_OP_PORT": str(port)}
        self.data = data
        self.http = requests.Session()

    def command(self, *words: str) -> Any:
        """What `polyvisor op …` prints as JSON, if it prints anything."""
        done = subprocess.run(
            [*POLYVISOR, *words],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return json.loads(done.stdout) if done.stdout else None

    def log_in(self) -> None:
        password = (self.data / "admin-password").read_text().strip()
        answer = self.http.post(
            f"{self.url}/session", json={"name": "admin", "password": password}, timeout=60
        )
        answer.raise_for_status()
        self.http.headers["X-CSRF-Token"] = answer.json()["csrf"]

    def call(self, method: str, path: str, **body: Any) -> Any:
        answer = self.http.request(method, f"{self.url}/{path}", json=body or None, timeout=SECONDS)
        assert answer.ok, answer.text
        return answer.json() if answer.content else None


POLYVISOR = [str(Path(sys.prefix) / "bin" / "polyvisor"), "op"]


@pytest.fixture(scope="module")
def op(lab: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Op]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    made = Op(lab, tmp_path_factory.mktemp("op") / "data", port)
    process = subprocess.Popen([*POLYVISOR, "serve"], env=made.environment)
    try:
        lab.until(lambda: _answers(made), "the platform to answer", SECONDS)
        made.log_in()
        yield made
    finally:
        process.terminate()
        process.wait(timeout=60)


def _answers(op: Op) -> bool:
    try:
        return requests.get(f"{op.url}/health", timeout=10).ok
    except requests.RequestException:
        return False


@pytest.fixture(scope="module")
def cloud(op: Op) -> Any:
    """The sandbox's OpenStack, registered by the command with an entry of clouds.yaml."""
    return op.command("cloud", "add", "sandbox", "--os-cloud", "admin", "--json")


def test_everything_that_the_cloud_can_do_is_found(cloud: Any) -> None:
    found = cloud["capabilities"]
    assert cloud["health"] == "ok"
    assert {"compute", "network", "image", "placement", "identity"} <= found["services"].keys()
    assert found["services"]["compute"]["max"].startswith("2.")
    assert found["polyvisor"] == {"compute": True, "port_groups": True}
    assert {"QEMU", "VMware vCenter Server"} <= set(found["hypervisor_types"])
    assert found["administrator"] is True


def test_a_department_gets_a_project_that_it_can_work_in(lab: Any, op: Op, cloud: Any) -> None:
    tenant = op.call("POST", "tenants", name="e2e-department")
    path = f"tenants/{tenant['id']}/projects"
    project = op.call("POST", path, cloud_id=cloud["id"])
    lab.until(lambda: op.call("GET", f"{path}/{project['id']}")["state"] == "ready", "the project", SECONDS)
    ready = op.call("GET", f"{path}/{project['id']}")
    assert lab.admin.identity.get_project(ready["external_id"]).name == "e2e-department"
    op.call("DELETE", f"{path}/{project['id']}")
    lab.until(lambda: op.call("GET", path)["items"] == [], "the account to be taken away", SECONDS)
    assert lab.admin.identity.find_user(f"polyvisor-{project['id']}") is None
    lab.admin.identity.delete_project(ready["external_id"])


def test_the_commands_list_drain_and_remove(op: Op, cloud: Any) -> None:
    second = op.command("cloud", "add", "second", "--os-cloud", "demo", "--json")
    assert second["capabilities"]["administrator"] is False
    assert {one["name"] for one in op.command("cloud", "list", "--json")} == {"sandbox", "second"}
    assert op.command("cloud", "probe", "second", "--json")["health"] == "ok"
    op.command("cloud", "drain", "second")
    op.command("cloud", "remove", "second")
    assert [one["name"] for one in op.call("GET", "clouds")["items"]] == ["sandbox"]
