"""The audit log."""

from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from polyvisor.op.api.dependencies import get_writing


@pytest.mark.parametrize("statement", ["UPDATE audit_entry SET actor_name = 'x'", "DELETE FROM audit_entry"])
def test_the_database_refuses_to_change_it(op: Any, statement: str) -> None:
    with pytest.raises(DBAPIError, match="append-only"), op.platform.database.write() as session:
        session.execute(text(statement))
    assert op.admin.get("audit").json()["items"]


def test_truncating_it_is_refused_too(op: Any) -> None:
    if op.platform.database.sqlite:
        pytest.skip("SQLite has no TRUNCATE")
    with pytest.raises(DBAPIError, match="append-only"), op.platform.database.write() as session:
        session.execute(text("TRUNCATE audit_entry"))


def test_a_change_without_an_entry_is_not_committed(op: Any) -> None:
    writing = get_writing(op.platform)
    session = next(writing)
    session.execute(text("UPDATE user_account SET display_name = 'x'"))
    with pytest.raises(AssertionError, match="audit log"):
        next(writing)
    assert op.admin.get("session").json()["user"]["display_name"] == ""


def test_it_is_searched_by_words_and_fields_and_read_in_pages(op: Any) -> None:
    for name in ("alpha", "beta", "gamma"):
        op.make("tenants", name=name)
    found = op.admin.get("audit", params={"q": "CHIEF beta"}).json()["items"]
    assert [entry["target_name"] for entry in found] == ["beta"]
    names, cursor = [], None
    while True:
        params = {"action": "tenant.create", "limit": 2} | ({"cursor": cursor} if cursor else {})
        page = op.admin.get("audit", params=params).json()
        names += [entry["target_name"] for entry in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert names == ["gamma", "beta", "alpha"]


def test_a_manager_reads_only_what_is_about_the_own_department(op: Any) -> None:
    sales, other = op.make("tenants", name="sales"), op.make("tenants", name="other")
    client = op.user("li", "auditor", sales["node"])
    seen = client.get("audit").json()["items"]
    assert {entry["target_id"] for entry in seen} >= {sales["id"]}
    assert all(entry["node"].startswith(sales["node"]) for entry in seen)
    assert other["id"] not in {entry["target_id"] for entry in seen}


def test_the_request_id_of_an_answer_finds_its_entry(op: Any) -> None:
    answer = op.admin.post("tenants", json={"name": "sales"}, headers={"X-Request-Id": "ticket-4711-abc"})
    assert answer.headers["x-request-id"] == "ticket-4711-abc"
    found = op.admin.get("audit", params={"q": "ticket-4711-abc"}).json()["items"]
    assert [entry["target_name"] for entry in found] == ["sales"]


@pytest.mark.parametrize("cursor", ["nonsense", "WyJ4Il0", "W10", "bnVsbA", "WzFlMzA4XQ"])
def test_a_cursor_that_is_none_is_named(op: Any, cursor: str) -> None:
    answer = op.admin.get("audit", params={"cursor": cursor})
    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"][0]["field"] == "query.cursor"
