import json
import re
from pathlib import Path
from typing import Any

import pytest

from polyvisor.op.message import MESSAGES, say

TEXTS = Path(__file__).parents[3] / "web" / "src" / "i18n"


def parameters(text: str) -> set[str]:
    return set(re.findall(r"{(\w+)}", text))


@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_the_web_ui_has_each_message_with_its_parameters(language: str) -> None:
    texts: dict[str, Any] = json.loads((TEXTS / f"{language}.json").read_text())["message"]
    assert {code: parameters(text) for code, text in MESSAGES.items()} == {
        code: parameters(text) for code, text in texts.items() if not code.startswith("input_")
    }


def test_a_message_has_its_text_and_what_it_is_made_of() -> None:
    made = say("vm_not_ready", vm="/dc1/vm/a", state="skipped")
    assert str(made) == "/dc1/vm/a is skipped: only what is ready can be adopted"
    assert (made.code, made.params) == ("vm_not_ready", {"vm": "/dc1/vm/a", "state": "skipped"})
