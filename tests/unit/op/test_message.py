"""What the platform says of things and values, and how it keeps what it says."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from polyvisor.message import restore
from polyvisor.op.message import columns, of_input, refusal, say
from tests.unit.speakers import LANGUAGES, PLATFORM, ROOT, constant, texts

#: What the API demands of a value -> what pydantic calls it if it is not so.
DEMANDS = {
    "additionalProperties": "extra_forbidden",
    "enum": "literal_error",
    "exclusiveMinimum": "greater_than",
    "maxItems": "too_long",
    "maxLength": "string_too_long",
    "maximum": "less_than_equal",
    "minItems": "too_short",
    "minLength": "string_too_short",
    "minimum": "greater_than_equal",
    "pattern": "string_pattern_mismatch",
    "required": "missing",
}
TYPES = {"array": "list_type", "boolean": "bool_parsing", "integer": "int_parsing", "string": "string_type"}


@pytest.mark.parametrize("language", LANGUAGES)
def test_things_that_are_not_there_or_taken_have_words(language: str) -> None:
    words = texts(language)["thing"]
    for where, call in PLATFORM.calls("NotFound.of"):
        assert (constant(call.args[0]) or "plan") in words, where
    for where, call in PLATFORM.calls("say"):
        named = [constant(one.value) for one in call.keywords if one.arg == "thing"]
        assert all(one is None or one in words for one in named), where


@pytest.mark.parametrize("language", LANGUAGES)
def test_whatever_the_api_demands_of_a_value_has_words(language: str) -> None:
    words = texts(language)["message"]
    wanted = set(demanded(json.loads((ROOT / "web" / "openapi.json").read_text())["components"]["schemas"]))
    assert "int_parsing" in wanted
    assert not {f"input_{one}" for one in wanted} - words.keys()


def demanded(schema: Any) -> Iterator[str]:
    if isinstance(schema, list):
        for one in schema:
            yield from demanded(one)
    elif isinstance(schema, dict):
        yield from (kind for keyword, kind in DEMANDS.items() if keyword in schema)
        if isinstance(kind := schema.get("type"), str) and kind in TYPES:
            yield TYPES[kind]
        if schema.get("format") == "date-time":
            yield from ("datetime_parsing", "timezone_aware")
        for one in schema.values():
            yield from demanded(one)


def test_messages_are_made_of_messages_and_kept_with_them() -> None:
    reasons = [say("at_place", where="north", reason=say("no_flavor")), say("cancelled")]
    made = say("no_place", reasons=reasons)
    text, kept = columns(made)
    assert text == "no place for it: north: no flavor of the cloud has that name or size; cancelled"
    assert kept is not None
    assert restore(json.loads(json.dumps(kept))) == made


def test_a_clouds_own_word_is_kept_without_a_code() -> None:
    assert columns("powering-off") == ("powering-off", None)
    assert columns("") == columns(None) == (None, None)


def test_what_a_validator_says_is_the_message_with_its_code() -> None:
    made = refusal("either_port_or_network")
    assert of_input(made.type, made.message(), made.context or {}) == say("either_port_or_network")
