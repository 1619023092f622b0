"""Whatever the platform says has texts in every language of the web UI."""

import ast
import functools
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from polyvisor.message import restore
from polyvisor.op import problem
from polyvisor.op.message import columns, of_input, refusal, say
from polyvisor.op.problem import Problem
from polyvisor.op.texts import MESSAGES

ROOT = Path(__file__).parents[3]
TEXTS = ROOT / "web" / "src" / "i18n"
LANGUAGES = ("en", "zh-CN")
SOURCES = [*(ROOT / "src/polyvisor/op").rglob("*.py"), *(ROOT / "src/polyvisor/cli/op").rglob("*.py")]
#: Where a text would be that nobody could translate.
SAYING = {"StepError", "Wait", "Done", "Back", "ProviderFailed", "_Http"} | {
    name for name, found in vars(problem).items() if isinstance(found, type) and issubclass(found, Problem)
}
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


def texts(language: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((TEXTS / f"{language}.json").read_text())
    return found


def parameters(text: str) -> set[str]:
    return set(re.findall(r"{(\w+)}", text))


def calls(*names: str) -> Iterator[tuple[str, ast.Call]]:
    """Each call of one of these functions or classes, and where it is."""
    for path, tree in trees().items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in names:
                yield f"{path.relative_to(ROOT)}:{node.lineno}", node


@functools.cache
def trees() -> dict[Path, ast.Module]:
    return {path: ast.parse(path.read_text()) for path in SOURCES}


def constant(node: ast.AST) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_web_ui_has_each_message_with_its_parameters(language: str) -> None:
    assert {code: parameters(text) for code, text in MESSAGES.items()} == {
        code: parameters(text)
        for code, text in texts(language)["message"].items()
        if not code.startswith("input_")
    }


def test_whatever_is_said_has_a_text_with_these_parameters() -> None:
    for where, call in calls("say", "refusal"):
        code = constant(call.args[0])
        if code is None:
            continue  # one of several, each of them a constant elsewhere
        assert code in MESSAGES, where
        given = {one.arg for one in call.keywords}
        assert None in given or given == parameters(MESSAGES[code]), where


def test_whatever_has_a_text_is_said() -> None:
    nodes = (node for path, tree in trees().items() if path.name != "texts.py" for node in ast.walk(tree))
    said = {constant(node) for node in nodes}
    assert not MESSAGES.keys() - said


def test_nothing_is_said_without_a_code() -> None:
    for where, call in calls(*SAYING):
        said = call.args[1:] if ast.unparse(call.func) == "Invalid" else call.args  # its first is a field
        own = [one for one in said if isinstance(one, ast.JoinedStr) or " " in (constant(one) or "")]
        assert not own, where


@pytest.mark.parametrize("language", LANGUAGES)
def test_things_that_are_not_there_or_taken_have_words(language: str) -> None:
    words = texts(language)["thing"]
    for where, call in calls("NotFound.of"):
        assert (constant(call.args[0]) or "plan") in words, where
    for where, call in calls("say"):
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


def test_a_message_has_its_text_and_what_it_is_made_of() -> None:
    made = say("vm_not_ready", vm="/dc1/vm/a", state="skipped")
    assert str(made) == "/dc1/vm/a is skipped: only what is ready can be adopted"
    assert (made.code, made.params) == ("vm_not_ready", {"vm": "/dc1/vm/a", "state": "skipped"})


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
