"""API tokens."""

from datetime import timedelta
from typing import Any

from sqlalchemy import update

from polyvisor.op.api.dependencies import CSRF_HEADER
from polyvisor.op.db.base import now
from polyvisor.op.db.models import ApiToken


def with_token(op: Any, client: Any, **body: Any) -> tuple[Any, Any]:
    wanted = {"name": "script", "expires_at": (now() + timedelta(days=1)).isoformat()} | body
    made = client.post("tokens", json=wanted)
    assert made.status_code == 201, made.text
    program = op.anonymous()
    program.headers["Authorization"] = f"Bearer {made.json()['secret']}"
    return program, made.json()


def test_a_token_needs_neither_cookie_nor_csrf(op: Any) -> None:
    program, _ = with_token(op, op.admin)
    assert CSRF_HEADER not in program.headers
    assert program.post("tenants", json={"name": "sales"}).status_code == 201
    entry = op.admin.get("audit", params={"action": "tenant.create"}).json()["items"][0]
    assert (entry["actor_name"], entry["via"]) == ("chief", "token")


def test_a_token_with_rights_can_do_nothing_else(op: Any) -> None:
    program, _ = with_token(op, op.admin, rights=["tenant.read"])
    assert program.get("tenants").status_code == 200
    assert program.post("tenants", json={"name": "sales"}).status_code == 403
    assert program.get("clouds").status_code == 403


def test_a_token_never_has_more_than_its_user(op: Any) -> None:
    program, _ = with_token(op, op.user("li"), rights=["tenant.read"])
    assert program.get("tenants").status_code == 403


def test_a_token_cannot_make_tokens(op: Any) -> None:
    program, _ = with_token(op, op.admin)
    wanted = {"name": "more", "expires_at": (now() + timedelta(days=1)).isoformat()}
    assert program.post("tokens", json=wanted).status_code == 403


def test_an_expired_or_revoked_token_is_refused(op: Any) -> None:
    program, made = with_token(op, op.admin)
    with op.platform.database.write() as session:
        session.execute(update(ApiToken).values(expires_at=now()))
    assert "expired" in program.get("session").json()["detail"]
    assert op.admin.delete(f"tokens/{made['id']}").status_code == 204
    assert program.get("session").status_code == 401


def test_a_token_of_more_than_a_year_is_refused(op: Any) -> None:
    wanted = {"name": "for-ever", "expires_at": (now() + timedelta(days=400)).isoformat()}
    answer = op.admin.post("tokens", json=wanted)
    assert answer.json()["errors"][0]["field"] == "body.expires_at"


def test_nobody_revokes_the_token_of_another(op: Any) -> None:
    _, made = with_token(op, op.admin)
    assert op.user("li").delete(f"tokens/{made['id']}").status_code == 404
