"""Messages with a code, so that who shows them can say them in another language.

Who says something has a catalogue of texts: ``polyvisor.adoption.texts``, ``polyvisor.op.texts``. The web UI
has each of both.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Message:
    """A text in English, and what it is made of: values, and other messages."""

    text: str
    code: str
    params: Mapping[str, str | Message | list[Message]]

    def __str__(self) -> str:
        return self.text


def make(texts: Mapping[str, str], code: str, params: Mapping[str, object]) -> Message:
    """The message with a code. Parameters are messages, lists of them, or what ``str`` makes of them."""
    values = {name: _value(value) for name, value in params.items()}
    text = texts[code].format(**{name: _text(value) for name, value in values.items()})
    return Message(text, code, values)


def _value(given: object) -> str | Message | list[Message]:
    if isinstance(given, Message):
        return given
    if isinstance(given, Sequence) and not isinstance(given, str):
        return list(given)
    return str(given)


def _text(value: str | Message | list[Message]) -> str:
    return "; ".join(map(str, value)) if isinstance(value, list) else str(value)


def plain(message: Message) -> dict[str, Any]:
    """A message in JSON's terms."""
    return asdict(message)


def restore(kept: Mapping[str, Any]) -> Message:
    """The message that ``plain`` was made of."""
    return Message(kept["text"], kept["code"], {name: _restored(one) for name, one in kept["params"].items()})


def _restored(kept: Any) -> Any:
    if isinstance(kept, list):
        return [restore(one) for one in kept]
    return restore(kept) if isinstance(kept, Mapping) else kept
