"""Clouds, by a real Keystone."""

import json
import socket
import threading
import time
from typing import Any

import pytest
from sqlalchemy import select

from polyvisor.op.db.models import Cloud, Project
from polyvisor.op.problem import CloudUnavailable
from polyvisor.op.worker import JOBS, Worker, claim
from polyvisor.sandbox import probes

# A Keystone has the same answers for both stores; what is stored is tested by the rest.
pytestmark = pytest.mark.parametrize("store", ["sqlite"], indirect=True)


def credential(keystone: Any, **auth: str) -> dict[str, Any]:
    entry = keystone.entry | {"auth": keystone.entry["auth"] | auth}
    return {"type": "clouds_yaml", "entry": entry}


def until(condition: Any, what: str, seconds: float = 60) -> None:
    probes.wait(lambda: None if condition() else what, seconds, lambda _: None)


@pytest.fixture
def silent() -> Any:
    """A port that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.fixture
def worker(op: Any) -> Any:
    made = Worker(op.platform)
    thread = threading.Thread(target=made.run)
    thread.start()
    yield made
    made.stop()
    thread.join()


def test_a_cloud_is_asked_what_it_can_do(cloud: Any) -> None:
    assert cloud["health"] == "ok"
    assert cloud["capabilities"]["regions"] == ["one"]
    assert cloud["capabilities"]["administrator"] is True
    assert "identity" in cloud["capabilities"]["services"]
    assert cloud["capabilities"]["polyvisor"] == {"compute": False, "port_groups": False}
    assert cloud["capabilities"]["hypervisor_types"] is None


def test_an_application_credential_is_enough(op: Any, keystone: Any) -> None:
    admin = keystone.connect()
    made = admin.identity.create_application_credential(
        admin.current_user_id, "op", roles=[{"name": "admin"}]
    )
    wanted = {"type": "application_credential", "auth_url": keystone.auth_url, "id": made.id}
    try:
        answer = op.make("clouds", name="south", credential=wanted | {"secret": made.secret})
        assert answer["health"] == "ok"
    finally:
        admin.identity.delete_application_credential(admin.current_user_id, made)


def test_the_credential_is_neither_given_back_nor_stored_readably(op: Any, keystone: Any, cloud: Any) -> None:
    shown = [op.admin.get(path).text for path in ("clouds", f"clouds/{cloud['id']}", "audit")]
    with op.platform.database.read() as session:
        row = session.scalars(select(Cloud)).one()
        shown.append(json.dumps({name: str(value) for name, value in vars(row).items()}))
    assert not [text for text in shown if keystone.password in text]
    assert op.platform.settings.key.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("change", "status", "field"),
    [
        ({"name": ""}, 422, "body.name"),
        ({"name": "a\nb"}, 422, "body.name"),
        ({"ca_certificate": "none"}, 422, "body.ca_certificate"),
        ({"credential": {"type": "clouds_yaml", "entry": {}}}, 422, "body.credential.entry.auth"),
        ({"colour": "red"}, 422, "body.colour"),
    ],
)
def test_what_is_wrong_is_named(op: Any, keystone: Any, change: Any, status: int, field: str) -> None:
    body = {"name": "north", "credential": credential(keystone)} | change
    answer = op.admin.post("clouds", json=body)
    assert answer.status_code == status, answer.text
    assert field in [one["field"] for one in answer.json()["errors"]]
    assert op.admin.get("clouds").json()["items"] == []


def test_a_cloud_that_refuses_or_does_not_answer_is_not_registered(op: Any, keystone: Any) -> None:
    refused = op.admin.post("clouds", json={"name": "a", "credential": credential(keystone, password="no")})
    assert (refused.status_code, refused.json()["code"]) == (502, "cloud_refused")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        gone = f"http://127.0.0.1:{free.getsockname()[1]}/v3"
    answer = op.admin.post("clouds", json={"name": "a", "credential": credential(keystone, auth_url=gone)})
    assert (answer.status_code, answer.json()["code"]) == (503, "cloud_unavailable")
    assert op.admin.get("clouds").json()["items"] == []


def test_a_cloud_that_goes_away_is_down_with_a_reason_and_comes_back(
    op: Any, keystone: Any, cloud: Any, worker: Any
) -> None:
    def health() -> Any:
        return op.admin.get(f"clouds/{cloud['id']}").json()

    keystone.stop()
    try:
        until(lambda: health()["health"] == "down", "the cloud to be down")
        down = health()
        assert down["health_reason"] == down["health_message"]["text"]
        assert down["health_message"]["code"] in {"cloud_silent", "cloud_left_alone"}
        assert health()["health_since"] > cloud["health_since"]
    finally:
        keystone.start()
    until(lambda: health()["health"] == "ok", "the cloud to be back")
    assert health()["health_reason"] is None


def test_a_cloud_that_hangs_is_left_alone_and_holds_up_no_other(
    op: Any, keystone: Any, cloud: Any, silent: int
) -> None:
    hanging = op.make("clouds", name="hanging", credential=credential(keystone))
    with op.platform.database.write() as session:
        row = session.get_one(Cloud, hanging["id"])
        secret = op.platform.vault.open(row.credential)
        secret["auth"]["auth_url"] = f"http://127.0.0.1:{silent}/v3"
        row.credential, row.version = op.platform.vault.seal(secret), row.version + 1
    for _ in range(op.platform.settings.breaker_failures):
        with pytest.raises(CloudUnavailable, match=r"no end in 0\.1 seconds"):
            op.platform.clouds.run(hanging["id"], lambda one: one.session.get_token(), deadline=0.1)
    began = time.monotonic()
    with pytest.raises(CloudUnavailable, match="left alone") as left:
        op.platform.clouds.run(hanging["id"], lambda one: one.session.get_token(), deadline=60)
    assert left.value.retry_after is not None
    assert time.monotonic() - began < 30
    assert op.platform.clouds.run(cloud["id"], lambda one: one.session.get_token())


def test_a_cloud_in_use_is_not_removed(op: Any, cloud: Any, worker: Any) -> None:
    assert op.admin.delete(f"clouds/{cloud['id']}").status_code == 409
    tenant = op.make("tenants", name="sales")
    project = op.make(f"tenants/{tenant['id']}/projects", cloud_id=cloud["id"], name="in-use")
    assert op.admin.post(f"clouds/{cloud['id']}/drain").json()["draining"] is True
    assert "tenants have projects" in op.admin.delete(f"clouds/{cloud['id']}").json()["detail"]
    path = f"tenants/{tenant['id']}/projects"
    assert op.admin.delete(f"{path}/{project['id']}").status_code == 202
    until(lambda: op.admin.get(path).json()["items"] == [], "the project to be taken away")
    assert op.admin.delete(f"clouds/{cloud['id']}").status_code == 204
    assert op.admin.get("clouds").json()["items"] == []


def test_a_tenant_gets_a_project_and_acts_there_as_nobody_else(
    op: Any, keystone: Any, cloud: Any, worker: Any
) -> None:
    tenant = op.make("tenants", name="research")
    path = f"tenants/{tenant['id']}/projects"
    project = op.make(path, cloud_id=cloud["id"])
    until(lambda: op.admin.get(f"{path}/{project['id']}").json()["state"] == "ready", "the project")
    external_id = op.admin.get(f"{path}/{project['id']}").json()["external_id"]
    there = keystone.connect().identity.get_project(external_id)
    assert there.name == "research"
    account = keystone.connect().identity.find_user(f"polyvisor-{project['id']}")
    seen = op.platform.clouds.run(
        cloud["id"], lambda one: (one.current_project_id, one.current_user_id), project_id=project["id"]
    )
    assert seen == (external_id, account.id)
    assert op.platform.clouds.run(cloud["id"], lambda one: one.current_user_id) != account.id


def test_a_project_whose_name_is_taken_says_the_way_out(
    op: Any, keystone: Any, cloud: Any, worker: Any
) -> None:
    taken = keystone.connect().identity.create_project(name="taken", domain_id="default")
    tenant = op.make("tenants", name="taken")
    path = f"tenants/{tenant['id']}/projects"
    project = op.make(path, cloud_id=cloud["id"])
    until(lambda: op.admin.get(f"{path}/{project['id']}").json()["state"] == "failed", "it to fail")
    failed = op.admin.get(f"{path}/{project['id']}").json()
    assert "by its id" in failed["reason"]
    assert failed["message"]["code"] == "project_name_taken"
    again = op.make(path, cloud_id=cloud["id"], external_id=taken.id)
    until(lambda: op.admin.get(f"{path}/{again['id']}").json()["state"] == "ready", "the other")


def test_an_account_that_is_gone_is_made_again(op: Any, keystone: Any, cloud: Any, worker: Any) -> None:
    tenant = op.make("tenants", name="healing")
    project = op.make(f"tenants/{tenant['id']}/projects", cloud_id=cloud["id"])

    def version() -> int:
        with op.platform.database.read() as session:
            row = session.get_one(Project, project["id"])
            return int(row.version) if row.state == "ready" else 0

    until(lambda: version() > 0, "the project")
    before = version()
    identity = keystone.connect().identity
    identity.delete_user(identity.find_user(f"polyvisor-{project['id']}"))
    until(lambda: version() > before, "a new account")
    assert op.platform.clouds.run(cloud["id"], lambda one: one.session.get_token(), project_id=project["id"])


def test_of_many_workers_one_has_the_job(op: Any, cloud: Any) -> None:
    with op.platform.database.write() as session:
        session.get_one(Cloud, cloud["id"]).probe_due = session.get_one(Cloud, cloud["id"]).created_at
    got: list[list[str]] = []
    threads = [
        threading.Thread(target=lambda: got.append(claim(op.platform.database, JOBS[0]))) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [key for keys in got for key in keys] == [cloud["id"]]


def test_a_user_of_a_cloud_logs_in_by_a_token_and_has_no_role(op: Any, keystone: Any, cloud: Any) -> None:
    token = keystone.connect().auth_token
    client = op.anonymous()
    answer = client.post("session/keystone", json={"cloud_id": cloud["id"], "token": token})
    assert answer.status_code == 201, answer.text
    assert answer.json()["user"]["name"] == "admin@north"
    assert answer.json()["held"] == []
    refused = op.anonymous().post("session/keystone", json={"cloud_id": cloud["id"], "token": "made-up"})
    assert refused.status_code == 401
