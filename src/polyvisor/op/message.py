"""What the platform says.

Whatever it says of why something is not done is a message: problems and reasons take nothing else. Their
texts are in ``texts``, and in the web UI's.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic_core import PydanticCustomError

from polyvisor.message import Message, make, plain
from polyvisor.op.texts import MESSAGES


def say(code: str, **params: object) -> Message:
    """The platform's message with a code. Parameters are messages, lists of them, or what ``str`` makes of
    them."""
    return make(MESSAGES, code, params)


def refusal(code: str, **params: object) -> PydanticCustomError:
    """What a validator of a model raises, to say the message with a code of a value."""
    said = say(code, **params)
    return PydanticCustomError(code, said.text, dict(said.params))


def of_input(kind: str, text: str, context: Mapping[str, object]) -> Message:
    """What pydantic says of a value, by its name of the error; the web UI has words for the usual ones."""
    if kind in MESSAGES:
        return say(kind, **context)
    return Message(text, f"input_{kind}", {name: str(value) for name, value in context.items()})


def columns(said: Message | str | None) -> tuple[str | None, dict[str, Any] | None]:
    """What two columns keep of it: the text, and all of it; a ``str`` is a cloud's own word."""
    return (str(said), plain(said) if isinstance(said, Message) else None) if said else (None, None)
