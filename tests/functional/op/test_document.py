"""The OpenAPI document, and that the API keeps to it whatever it is sent."""

from contextlib import suppress
from datetime import timedelta
from typing import Any

import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import positive_data_acceptance

from polyvisor.op.db.base import now

#: They would log the test out, speak to whatever host is made up, or never end.
LEFT_OUT = {"change_own_password", "log_out", "register_cloud", "change_cloud", "stream_events"}
EXAMPLES = 6


def test_schemathesis_finds_nothing(op: Any) -> None:
    wanted = {"name": "fuzz", "expires_at": (now() + timedelta(days=1)).isoformat()}
    headers = {"Authorization": f"Bearer {op.make('tokens', **wanted)['secret']}"}
    schema = schemathesis.openapi.from_asgi("/api/v1/openapi.json", op.app)
    tried = set()
    for found in schema.get_all_operations():
        operation: Any = found.ok()  # type: ignore[union-attr]  # an error raises
        if operation.definition.raw["operationId"] not in LEFT_OUT:
            _fuzz(operation.as_strategy(), headers)
            with suppress(Unsatisfiable):  # what takes nothing can be sent nothing wrong
                _fuzz(operation.as_strategy(generation_mode=GenerationMode.NEGATIVE), headers)
            tried.add(operation.label)
    assert len(tried) > 30


def _fuzz(cases: Any, headers: dict[str, str]) -> None:
    @given(case=cases)
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def fuzz(case: Any) -> None:
        # A schema cannot say which cursors there are, nor when a token may expire.
        case.call_and_validate(headers=headers, excluded_checks=[positive_data_acceptance])

    fuzz()


def test_every_operation_says_what_it_does_under_a_name_of_its_own(op: Any) -> None:
    operations = [one for path in op.app.openapi()["paths"].values() for one in path.values()]
    assert [one for one in operations if not one["description"]] == []
    names = [one["operationId"] for one in operations]
    assert len(names) == len(set(names))
    assert "list_clouds" in names
