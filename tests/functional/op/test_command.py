"""`polyvisor op tenant` and `token`, as an administrator of the machine uses them."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from click.testing import CliRunner

from polyvisor.cli.op import op as command
from polyvisor.op.settings import Settings
from tests.functional.op.inventory import make_cloud


@pytest.fixture
def run(op: Any, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Give what `polyvisor op …` prints as JSON; it must end with the code that is given."""
    monkeypatch.setenv("POLYVISOR_OP_DATA", str(settings.data))
    monkeypatch.setenv("POLYVISOR_OP_DATABASE_URL", settings.database)

    def run(*words: str, code: int = 0) -> Any:
        done = CliRunner().invoke(command, words)
        assert done.exit_code == code, done.output
        return json.loads(done.stdout) if "--json" in words else done.output

    return run


def test_tenants_with_their_parts_and_projects(op: Any, run: Callable[..., Any]) -> None:
    sales = run("tenant", "create", "sales", "--json")
    emea = run("tenant", "create", "emea", "--parent", "sales", "--json")
    assert emea["parent_id"] == sales["id"]
    assert {one["name"] for one in run("tenant", "list", "--json")} == {"sales", "emea"}
    make_cloud(op, "north")
    project = run("tenant", "give", "emea", "north", "--external-id", "p1", "--json")
    assert [one["id"] for one in run("tenant", "projects", "emea", "--json")] == [project["id"]]
    run("tenant", "take", "emea", project["id"])
    assert run("tenant", "projects", "emea", "--json")[0]["state"] == "removing"
    assert "take" in run("tenant", "remove", "emea", code=1)
    assert "parts" in run("tenant", "remove", "sales", code=1)
    run("tenant", "create", "emea")
    assert "several" in run("tenant", "remove", "emea", code=1)
    assert "no tenant" in run("tenant", "remove", "nobody", code=1)
    who = {one["actor_name"] for one in op.admin.get("audit", params={"q": "emea"}).json()["items"]}
    assert all(name.startswith("command of ") for name in who)


def test_a_token_is_good_until_it_is_revoked(op: Any, run: Callable[..., Any]) -> None:
    made = run("token", "create", "chief", "terraform", "--days", "2", "--right", "cloud.read", "--json")
    program = op.anonymous()
    program.headers["Authorization"] = f"Bearer {made['secret']}"
    assert program.get("clouds").status_code == 200
    assert program.get("users").status_code == 403
    (listed,) = run("token", "list", "chief", "--json")
    assert (listed["id"], "secret" in listed) == (made["id"], False)
    run("token", "revoke", "chief", made["id"])
    assert program.get("clouds").status_code == 401
    assert "no token" in run("token", "revoke", "chief", made["id"], code=1)
