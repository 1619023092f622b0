"""Messages with a code, so that who shows them can say them in another language.

Whatever the platform says of why something is not done is one: problems and reasons take nothing else. Their
texts are in ``texts``, and in the web UI's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from pydantic_core import PydanticCustomError

from polyvisor.op.texts import MESSAGES


@dataclass(frozen=True, slots=True)
class Message:
    """A text in English, and what it is made of: values, and other messages."""

    text: str
    code: str
    params: Mapping[str, str | Message | list[Message]]

    def __str__(self) -> str:
        return self.text


def say(code: str, **params: object) -> Message:
    """The message with a code. Parameters are messages, lists of them, or what ``str`` makes of them."""
    values = {name: _value(value) for name, value in params.items()}
    text = MESSAGES[code].format(**{name: _text(value) for name, value in values.items()})
    return Message(text, code, values)


def _value(given: object) -> str | Message | list[Message]:
    if isinstance(given, Message):
        return given
    if isinstance(given, Sequence) and not isinstance(given, str):
        return list(given)
    return str(given)


def _text(value: str | Message | list[Message]) -> str:
    return "; ".join(map(str, value)) if isinstance(value, list) else str(value)


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
    return (str(said), asdict(said) if isinstance(said, Message) else None) if said else (None, None)


def restore(kept: Mapping[str, Any]) -> Message:
    """The message that ``columns`` has kept."""
    return Message(kept["text"], kept["code"], {name: _restored(one) for name, one in kept["params"].items()})


def _restored(kept: Any) -> Any:
    if isinstance(kept, list):
        return [restore(one) for one in kept]
    return restore(kept) if isinstance(kept, Mapping) else kept
