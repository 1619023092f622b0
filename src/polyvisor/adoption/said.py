"""Messages as a plan has them: the text, and beside it what another language is made of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from polyvisor.adoption.message import say
from polyvisor.adoption.text import Text, printable
from polyvisor.message import Message

Code = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,63}$")]


class Said(BaseModel):
    """A message.

    Attributes:
        code: None where it is not known, as in a plan of an earlier release.
    """

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    says: Text
    code: Code | None = None
    params: Params = {}

    @classmethod
    def of(cls, message: Message) -> Said:
        """A message, fit for a plan."""
        return cls(**values(message))

    @property
    def message(self) -> Message:
        """The message that it was made of."""
        return message_of(self.says, self.code, self.params)


Params = Mapping[Code, Text | Said | list[Said]]
#: One that a file has the text of only.
Told = Annotated[Said, BeforeValidator(lambda given: {"says": given} if isinstance(given, str) else given)]


def values(message: Message) -> dict[str, Any]:
    """The fields of `Said`, fit for a plan."""
    return {
        "says": printable(message.text),
        "code": message.code,
        "params": {name: _value(value) for name, value in message.params.items()},
    }


def _value(value: str | Message | list[Message]) -> Any:
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, Message):
        return Said.of(value)
    return [Said.of(one) for one in value]


def message_of(says: str, code: str | None, params: Params) -> Message:
    """The message of such fields."""
    if code is None:
        return say("as_said", text=says)
    return Message(says, code, {name: _param(value) for name, value in params.items()})


def _param(value: str | Said | list[Said]) -> str | Message | list[Message]:
    if isinstance(value, list):
        return [one.message for one in value]
    return value if isinstance(value, str) else value.message
