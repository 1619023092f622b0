"""Logging in, staying logged in, being kept out."""

from datetime import timedelta
from typing import Any

from sqlalchemy import select, update

from polyvisor.op.api.dependencies import CSRF_HEADER
from polyvisor.op.db.base import now
from polyvisor.op.db.models import LoginAttempt, LoginSession, User
from tests.functional.op.conftest import PASSWORD


def test_who_is_not_logged_in_is_told_how_to(op: Any) -> None:
    answer = op.anonymous().get("session")
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["www-authenticate"] == "Bearer"
    assert answer.json()["code"] == "unauthenticated"


def test_a_session_is_a_cookie_that_scripts_cannot_read(op: Any) -> None:
    client = op.anonymous()
    answer = client.post("session", json={"name": "chief", "password": PASSWORD})
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert client.get("session").json()["user"]["name"] == "chief"


def test_over_https_the_cookie_is_for_https_only(settings: Any, open_op: Any) -> None:
    op = open_op(settings.model_copy(update={"public_url": "https://op.example"}))
    cookie = (
        op.anonymous().post("session", json={"name": "chief", "password": PASSWORD}).headers["set-cookie"]
    )
    assert cookie.startswith("__Host-polyvisor=")
    assert "Secure" in cookie


def test_names_are_the_same_in_any_case(op: Any) -> None:
    assert op.login("CHIEF").get("session").json()["user"]["name"] == "chief"


def test_a_wrong_password_and_an_unknown_name_are_told_alike(op: Any) -> None:
    answers = [
        op.anonymous().post("session", json={"name": name, "password": "wrong-password"})
        for name in ("chief", "nobody-at-all")
    ]
    assert {answer.status_code for answer in answers} == {401}
    assert len({answer.json()["detail"] for answer in answers}) == 1


def test_a_name_is_locked_after_too_many_failures_even_for_the_right_password(op: Any) -> None:
    for _ in range(op.platform.settings.lock_after):
        op.anonymous().post("session", json={"name": "chief", "password": "wrong-password"})
    answer = op.anonymous().post("session", json={"name": "Chief", "password": PASSWORD})
    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) > 0
    with op.platform.database.write() as session:
        session.execute(update(LoginAttempt).values(locked_until=now() - timedelta(seconds=1)))
    op.login("chief")


def test_a_success_forgets_failures(op: Any) -> None:
    for _ in range(3):
        for _ in range(op.platform.settings.lock_after - 1):
            op.anonymous().post("session", json={"name": "chief", "password": "wrong-password"})
        op.login("chief")


def test_a_change_without_the_csrf_token_is_refused(op: Any) -> None:
    del op.admin.headers[CSRF_HEADER]
    assert op.admin.post("tenants", json={"name": "sales"}).status_code == 403
    op.admin.headers[CSRF_HEADER] = "of-somebody-else"
    assert op.admin.post("tenants", json={"name": "sales"}).status_code == 403
    assert op.admin.get("tenants").json()["items"] == []


def test_logging_out_ends_the_session_and_no_other(op: Any) -> None:
    other = op.login("chief")
    cookie = dict(op.admin.cookies)
    assert op.admin.delete("session").status_code == 204
    op.admin.cookies.update(cookie)
    assert op.admin.get("session").status_code == 401
    assert other.get("session").status_code == 200


def test_a_session_that_is_not_used_ends(op: Any) -> None:
    with op.platform.database.write() as session:
        session.execute(update(LoginSession).values(last_seen_at=now() - timedelta(hours=2)))
    assert op.admin.get("session").status_code == 401


def test_a_session_ends_however_much_it_is_used(op: Any) -> None:
    with op.platform.database.write() as session:
        session.execute(update(LoginSession).values(expires_at=now() - timedelta(seconds=1)))
    assert op.admin.get("session").status_code == 401


def test_who_is_disabled_is_out_at_once(op: Any) -> None:
    client = op.user("li")
    user = client.get("session").json()["user"]["id"]
    assert op.admin.patch(f"users/{user}", json={"disabled": True}).status_code == 200
    assert client.get("session").status_code == 401
    assert op.anonymous().post("session", json={"name": "li", "password": PASSWORD}).status_code == 401


def test_ones_own_password_needs_the_old_one_and_ends_all_sessions(op: Any) -> None:
    client = op.user("li")
    body = {"current": "not-the-old-one", "password": "another-long-password"}
    assert client.put("users/me/password", json=body).status_code == 401
    assert client.put("users/me/password", json=body | {"current": PASSWORD}).status_code == 204
    assert client.get("session").status_code == 401
    op.login("li", "another-long-password")


def test_neither_passwords_nor_cookies_are_in_the_database(op: Any) -> None:
    with op.platform.database.read() as session:
        hashes = list(session.scalars(select(User.password_hash)))
        digests = list(session.scalars(select(LoginSession.digest)))
    assert all(one and one.startswith("$argon2id$") for one in hashes)
    assert not set(digests) & set(op.admin.cookies.values())
