"""What each path needs, and that nothing is forgotten."""

from types import SimpleNamespace
from typing import Any

import pytest
from fastapi import APIRouter
from fastapi.routing import APIRoute, APIWebSocketRoute

from polyvisor.op.api import app
from polyvisor.op.api.app import PREFIX, ROUTERS
from polyvisor.op.api.needs import declared

#: (method, path) of what everybody may use, logged in or not. Think twice before one is added.
PUBLIC = {
    ("GET", "/health"),
    ("POST", "/session"),
    ("GET", "/session/providers"),
    ("POST", "/session/keystone"),
    ("GET", "/session/oidc"),
    ("GET", "/session/oidc/callback"),
}


def methods(route: APIRoute) -> set[str]:
    assert route.methods
    return route.methods


def routes() -> list[APIRoute]:
    return [route for module in ROUTERS for route in module.router.routes if isinstance(route, APIRoute)]


def test_every_route_declares_exactly_one_right() -> None:
    every = [route for module in ROUTERS for route in module.router.routes]
    assert {type(route) for route in every} == {APIRoute, APIWebSocketRoute}
    undeclared = {f"{getattr(route, 'methods', '')} {route.path}": declared(route) for route in every}
    assert {path: what for path, what in undeclared.items() if len(what) != 1} == {}


def test_what_is_for_everybody_is_known() -> None:
    public = {(next(iter(methods(route))), route.path) for route in routes() if declared(route) == ["public"]}
    assert public == PUBLIC


def test_every_path_of_the_document_is_one_of_these_routes(op: Any) -> None:
    """So none comes into the API by another way, past the tests above."""
    document = op.app.openapi()["paths"]
    known = {(f"{PREFIX}{route.path}", method.lower()) for route in routes() for method in methods(route)}
    assert {(path, method) for path, methods in document.items() for method in methods} == known


def test_a_route_that_declares_nothing_is_an_administrators_only(
    settings: Any, open_op: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    forgotten = APIRouter(prefix="/forgotten")
    forgotten.add_api_route("", lambda: "not for you", methods=["GET"])
    monkeypatch.setattr(app, "ROUTERS", (*ROUTERS, SimpleNamespace(router=forgotten)))
    op = open_op(settings)
    assert op.anonymous().get("forgotten").status_code == 401
    assert op.user("eve", "operator").get("forgotten").status_code == 403
    assert op.admin.get("forgotten").status_code == 200


def test_nobody_without_a_role_sees_or_does_anything_but_their_own(op: Any) -> None:
    client = op.user("li")
    for route in routes():
        if declared(route) in (["public"], ["signed in"]):
            continue
        path = route.path.format(**dict.fromkeys(route.param_convertors, "0" * 32))
        for method in methods(route):
            answer = client.request(method, path.removeprefix("/"))
            assert answer.status_code in {403, 422}, (method, path, answer.text)


def test_an_auditor_changes_nothing(op: Any) -> None:
    client = op.user("eve", "auditor")
    assert client.get("clouds").status_code == 200
    assert client.post("tenants", json={"name": "sales"}).status_code == 403
    refused = op.admin.get("audit", params={"outcome": "denied"}).json()["items"]
    assert [entry["actor_name"] for entry in refused] == ["eve"]


def test_a_role_reaches_down_the_tree_and_not_sideways(op: Any) -> None:
    sales, support = op.make("tenants", name="sales"), op.make("tenants", name="support")
    emea = op.make("tenants", name="emea", parent_id=sales["id"])
    client = op.user("li", "tenant_manager", sales["node"])
    assert {one["name"] for one in client.get("tenants").json()["items"]} == {"sales", "emea"}
    assert client.patch(f"tenants/{emea['id']}", json={"description": "x"}).status_code == 200
    assert client.get(f"tenants/{support['id']}").status_code == 403
    assert client.post("tenants", json={"name": "mine"}).status_code == 403
    assert client.post("tenants", json={"name": "apac", "parent_id": sales["id"]}).status_code == 201


def test_a_role_that_is_not_inherited_holds_at_its_node_only(op: Any) -> None:
    sales = op.make("tenants", name="sales")
    emea = op.make("tenants", name="emea", parent_id=sales["id"])
    client = op.user("li", "tenant_manager", sales["node"], inherited=False)
    assert client.get(f"tenants/{sales['id']}").status_code == 200
    assert client.get(f"tenants/{emea['id']}").status_code == 403


def test_nobody_grants_what_they_do_not_have(op: Any) -> None:
    sales = op.make("tenants", name="sales")
    client = op.user("li", "tenant_manager", sales["node"])
    op.user("ann")
    ann = next(one["id"] for one in op.admin.get("users").json()["items"] if one["name"] == "ann")
    wanted = {"user_id": ann, "node": sales["node"]}
    assert client.post("grants", json=wanted | {"role": "user"}).status_code == 201
    assert client.post("grants", json=wanted | {"role": "operator"}).status_code == 403
    assert client.post("grants", json={"user_id": ann, "node": "/", "role": "user"}).status_code == 403


def test_a_custom_role_changes_for_all_who_have_it(op: Any) -> None:
    assert op.admin.put("roles/looker", json={"rights": ["tenant.read"]}).status_code == 200
    client = op.user("li", "looker")
    assert client.get("tenants").status_code == 200
    assert client.get("clouds").status_code == 403
    op.admin.put("roles/looker", json={"rights": ["cloud.read"]})
    assert client.get("tenants").status_code == 403
    assert client.get("clouds").status_code == 200
    assert op.admin.delete("roles/looker").status_code == 409


def test_a_custom_role_cannot_make_an_administrator(op: Any) -> None:
    answer = op.admin.put("roles/boss", json={"rights": ["platform.administer"]})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "body.rights"


def test_the_last_administrator_stays(op: Any) -> None:
    me = op.admin.get("session").json()["user"]["id"]
    grant = op.admin.get("grants", params={"user_id": me}).json()["items"][0]["id"]
    assert op.admin.delete(f"grants/{grant}").status_code == 409
    assert op.admin.patch(f"users/{me}", json={"disabled": True}).status_code == 409
    assert op.admin.delete(f"users/{me}").status_code == 403
