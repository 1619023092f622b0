"""The OpenAPI document, and that the API keeps to it whatever it is sent."""

import json
import re
import socket
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
import schemathesis
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode

from polyvisor.op.db.base import now
from tests.functional.op.fuzz import fuzz

#: It would never end.
LEFT_OUT = {"stream_events"}


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    """No host that is made up is there, and none is looked for outside of the test."""

    def getaddrinfo(*_: Any, **__: Any) -> Any:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)


@pytest.mark.usefixtures("offline")
def test_schemathesis_finds_nothing(op: Any) -> None:
    wanted = {"name": "fuzz", "expires_at": (now() + timedelta(days=1)).isoformat()}
    headers = {"Authorization": f"Bearer {op.make('tokens', **wanted)['secret']}"}
    schema = schemathesis.openapi.from_asgi("/api/v1/openapi.json", op.app)
    tried = set()
    for found in schema.get_all_operations():
        operation: Any = found.ok()  # type: ignore[union-attr]  # an error raises
        if operation.definition.raw["operationId"] not in LEFT_OUT:
            fuzz(operation.as_strategy(), headers)
            with suppress(Unsatisfiable):  # what takes nothing can be sent nothing wrong
                fuzz(operation.as_strategy(generation_mode=GenerationMode.NEGATIVE), headers)
            tried.add(operation.label)
    assert len(tried) > 30


def test_every_operation_says_what_it_does_under_a_name_of_its_own(op: Any) -> None:
    operations = [one for path in op.app.openapi()["paths"].values() for one in path.values()]
    assert [one for one in operations if not one["description"]] == []
    names = [one["operationId"] for one in operations]
    assert len(names) == len(set(names))
    assert "list_clouds" in names


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
def test_whatever_is_referred_to_is_there(op: Any) -> None:
    document = op.app.openapi()
    names = set(re.findall(r"#/components/schemas/([\w-]+)", json.dumps(document)))
    assert names - document["components"]["schemas"].keys() == set()
    assert "ProblemOut" in names
