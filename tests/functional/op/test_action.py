"""Actions on servers and new servers, by the API; what the clouds themselves do is tried end to end."""

from typing import Any

import pytest

from polyvisor.op.actions.registry import ACTIONS, STEPS
from polyvisor.op.db.base import new_id, now
from polyvisor.op.db.models import Cloud, Resource
from polyvisor.op.db.models.cloud import Health


@pytest.fixture
def north(op: Any) -> Any:
    """A cloud with Polyvisor's plug-ins; nobody asks it anything."""
    return _cloud(op, "north", plugin=True)


@pytest.fixture
def sales(op: Any) -> Any:
    return op.make("tenants", name="sales")


def _cloud(op: Any, name: str, *, plugin: bool) -> str:
    with op.platform.database.write() as session:
        made = Cloud(
            name=name,
            auth_url="http://127.0.0.1:9/v3",
            auth_type="v3password",
            credential=op.platform.vault.seal({}),
            health=Health.OK,
            capabilities={"polyvisor": {"compute": plugin}},
        )
        session.add(made)
    return str(made.id)


def _server(op: Any, cloud: str, name: str, tenant: str | None = None, kind: str = "server") -> str:
    with op.platform.database.write() as session:
        made = Resource(
            id=new_id(),
            kind=kind,
            cloud_id=cloud,
            external_id=new_id(),
            tenant_id=tenant,
            name=name,
            name_key=name,
            status="ACTIVE",
            words=name,
            digest="",
            seen_at=now(),
        )
        session.add(made)
    return str(made.id)


def act(client: Any, resource: str, action: str, **arguments: Any) -> Any:
    return client.post(f"resources/{resource}/actions", json={"action": action, "arguments": arguments})


def test_an_action_is_answered_with_an_operation(op: Any, north: str, sales: Any) -> None:
    server = _server(op, north, "web", sales["id"])
    answer = act(op.admin, server, "stop")
    assert answer.status_code == 202, answer.text
    made = answer.json()
    assert (made["action"], made["state"], made["user"]) == ("stop", "queued", "chief")
    assert (made["resource_id"], made["resource_name"], made["cloud_id"]) == (server, "web", north)
    assert [step["name"] for step in made["steps"]] == ["look", "ask", "wait"]
    assert op.admin.get(f"operations/{made['id']}").json() == made
    assert op.admin.get("operations", params={"resource": server}).json()["items"] == [made]
    logged = op.admin.get("audit", params={"action": "server.stop"}).json()["items"][0]
    assert (logged["actor_name"], logged["target_id"]) == ("chief", server)


def test_a_second_one_waits_for_the_first(op: Any, north: str) -> None:
    server = _server(op, north, "web")
    first = act(op.admin, server, "stop").json()["id"]
    refused = act(op.admin, server, "start")
    assert refused.status_code == 409
    assert first in refused.json()["detail"]
    said = {"code": "busy", "params": {"action": "stop", "name": "web", "operation": first}}
    assert refused.json()["message"] == {"text": refused.json()["detail"], **said}
    assert op.admin.post(f"operations/{first}/cancel").json()["state"] == "cancelled"
    assert op.admin.post(f"operations/{first}/cancel").status_code == 409
    assert op.admin.post(f"operations/{first}/retry").json()["state"] == "queued"


def test_a_double_click_is_one_operation(op: Any, north: str) -> None:
    server, other = _server(op, north, "web"), _server(op, north, "db")
    op.admin.headers["Idempotency-Key"] = "click-1"
    first = act(op.admin, server, "reboot")
    assert act(op.admin, server, "reboot").json()["id"] == first.json()["id"]
    assert act(op.admin, other, "reboot").status_code == 422


def test_each_action_has_a_right_of_its_own_at_the_servers_place(op: Any, north: str, sales: Any) -> None:
    given = {"name": "x", "flavor": "x", "host": "x", "snapshot": "x", "volume": "x", "port": "x"}
    others = _server(op, north, "others")
    op.admin.put("roles/looker", json={"rights": ["operation.read", "inventory.read"]})
    op.admin.put("roles/only", json={"rights": []})
    client, looker = op.user("li", "only", sales["node"]), op.user("eve", "looker")
    for action in ACTIONS.values():
        wanted = {name: given[name] for name in action.arguments.model_fields if name in given}
        op.admin.put("roles/only", json={"rights": ["operation.read", "inventory.read", action.right]})
        mine = _server(op, north, action.name, sales["id"])
        assert act(client, others, action.name, **wanted).status_code == 404
        assert act(looker, mine, action.name, **wanted).status_code == 403
        made = act(client, mine, action.name, **wanted)
        assert made.status_code == 202, made.text
    denied = op.admin.get("audit", params={"outcome": "denied"}).json()["items"]
    assert [one["action"] for one in reversed(denied)] == [one.right for one in ACTIONS.values()]


def test_users_see_their_tenants_operations_and_their_own_only(op: Any, north: str, sales: Any) -> None:
    mine, others = _server(op, north, "mine", sales["id"]), _server(op, north, "others")
    seen, hidden = (act(op.admin, one, "stop").json()["id"] for one in (mine, others))
    client = op.user("li", "user", sales["node"])
    assert [one["id"] for one in client.get("operations").json()["items"]] == [seen]
    assert client.get("operations", params={"mine": True}).json()["items"] == []
    assert client.get(f"operations/{hidden}").status_code == 404
    assert client.post(f"operations/{hidden}/cancel").status_code == 404


def test_what_only_the_plugin_does_is_refused_without_it(op: Any) -> None:
    south = _cloud(op, "south", plugin=False)
    server = _server(op, south, "web")
    for action, arguments in {"snapshot": {"name": "x"}, "migrate": {"datastore": "ssd"}}.items():
        answer = act(op.admin, server, action, **arguments)
        assert answer.status_code == 409
        assert "plug-in" in answer.json()["detail"]
    assert act(op.admin, server, "migrate", host="compute2").status_code == 202
    assert op.admin.get(f"resources/{server}/snapshots").status_code == 409


@pytest.mark.parametrize(
    ("action", "arguments", "field"),
    [
        ("fly", {}, "body"),
        ("stop", {"hard": True}, "body.stop.arguments.hard"),
        ("migrate", {}, "body.migrate.arguments"),
        ("clone", {"name": ""}, "body.clone.arguments.name"),
        ("attach_port", {"port": "a", "network": "b"}, "body.attach_port.arguments"),
        ("attach_volume", {"volume": "../../servers"}, "body.attach_volume.arguments.volume"),
    ],
)
def test_bad_input_is_refused_with_its_field(
    op: Any, north: str, action: str, arguments: Any, field: str
) -> None:
    answer = act(op.admin, _server(op, north, "web"), action, **arguments)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == field


def test_nothing_is_done_to_what_is_no_server(op: Any, north: str) -> None:
    volume = _server(op, north, "disk", kind="volume")
    assert act(op.admin, volume, "stop").status_code == 409
    assert act(op.admin, "0" * 32, "stop").status_code == 404


def test_many_at_once_have_a_result_each(op: Any, north: str) -> None:
    south = _cloud(op, "south", plugin=False)
    servers = [_server(op, north, "a"), _server(op, south, "b"), _server(op, north, "c")]
    busy = act(op.admin, servers[2], "stop").json()["id"]
    body = {"action": "snapshot", "arguments": {"name": "before"}, "resources": servers}
    answer = op.admin.post("actions", json=body)
    assert answer.status_code == 202, answer.text
    made = answer.json()
    assert (made["children_count"], made["state"], made["progress"]) == (3, "running", 66)
    parts = op.admin.get("operations", params={"parent": made["id"]}).json()["items"]
    states = {one["resource_name"]: (one["state"], one["reason"] or "") for one in parts}
    assert states["a"] == ("queued", "")
    assert states["b"][0] == "failed"
    assert "plug-in" in states["b"][1]
    assert busy in states["c"][1]
    assert {one["id"] for one in op.admin.get("operations").json()["items"]} == {busy, made["id"]}
    assert op.admin.post("actions", json=body | {"resources": servers[:1] * 2}).status_code == 422
    cancelled = op.admin.post(f"operations/{made['id']}/cancel").json()
    assert (cancelled["state"], cancelled["reason"]) == ("failed", "3 of 3 did not succeed")
    assert cancelled["message"]["params"] == {"failed": "3", "total": "3"}


def test_a_server_is_asked_for_with_one_size_for_a_tenant_that_is_there(op: Any, sales: Any) -> None:
    wanted = {"name": "web", "tenant_id": sales["id"], "image": "debian", "flavor": "small"}
    made = op.admin.post("servers", json=wanted)
    assert made.status_code == 202, made.text
    assert [step["name"] for step in made.json()["steps"]] == [step.name for step in STEPS["create"]]
    for change, code in (
        ({"vcpus": 1}, "flavor_has_size"),
        ({"flavor": None}, "either_flavor_or_size"),
        ({"tenant_id": "0" * 32}, "not_found"),
        ({"cloud_id": "0" * 32}, "not_found"),
    ):
        refused = op.admin.post("servers", json=wanted | change)
        assert (refused.status_code, refused.json()["errors"][0]["message"]["code"]) == (422, code)
    dry = op.admin.post("servers", json=wanted | {"dry_run": True})
    assert (dry.status_code, dry.json()) == (200, {"candidates": []})


def test_nobody_makes_servers_for_others(op: Any, sales: Any) -> None:
    support = op.make("tenants", name="support")
    client = op.user("li", "user", sales["node"])
    wanted = {"name": "web", "tenant_id": support["id"], "image": "debian", "flavor": "small"}
    assert client.post("servers", json=wanted).status_code == 403
    assert client.post("servers", json=wanted | {"tenant_id": sales["id"]}).status_code == 202
