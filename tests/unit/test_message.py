"""Whatever is said has a code, and texts in every language of the web UI."""

import ast

import pytest

from polyvisor.message import make
from tests.unit.speakers import ENGINE, LANGUAGES, PLATFORM, Speaker, constant, parameters, texts

each = pytest.mark.parametrize("speaker", [PLATFORM, ENGINE], ids=["platform", "engine"])


def test_no_two_say_different_things_by_one_code() -> None:
    assert not PLATFORM.texts.keys() & ENGINE.texts.keys()


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_web_ui_has_each_message_with_its_parameters(language: str) -> None:
    assert {code: parameters(text) for code, text in {**PLATFORM.texts, **ENGINE.texts}.items()} == {
        code: parameters(text)
        for code, text in texts(language)["message"].items()
        if not code.startswith("input_")
    }


@each
def test_whatever_is_said_has_a_text_with_these_parameters(speaker: Speaker) -> None:
    for where, call in speaker.calls("say", "refusal"):
        code = constant(call.args[0])
        if code is None:
            continue  # one of several, each of them a constant elsewhere
        assert code in speaker.texts, where
        given = {one.arg for one in call.keywords}
        assert None in given or given == parameters(speaker.texts[code]), where


@each
def test_whatever_has_a_text_is_said(speaker: Speaker) -> None:
    trees = speaker.trees().items()
    nodes = (node for path, tree in trees if path.name != "texts.py" for node in ast.walk(tree))
    said = {constant(node) for node in nodes}
    assert not speaker.texts.keys() - said


@each
def test_nothing_is_said_without_a_code(speaker: Speaker) -> None:
    for where, call in speaker.calls(*speaker.saying):
        said = call.args[1:] if ast.unparse(call.func) == "Invalid" else call.args  # its first is a field
        own = [one for one in said if isinstance(one, ast.JoinedStr) or " " in (constant(one) or "")]
        assert not own, where


def test_a_message_has_its_text_and_what_it_is_made_of() -> None:
    made = make({"not_ready": "{vm} is {state}"}, "not_ready", {"vm": "/dc1/vm/a", "state": "skipped"})
    assert str(made) == "/dc1/vm/a is skipped"
    assert (made.code, made.params) == ("not_ready", {"vm": "/dc1/vm/a", "state": "skipped"})
