"""What schemas have in common."""

from __future__ import annotations

from typing import Annotated, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

T = TypeVar("T")

#: No control characters: they break lists, logs and, if it is NUL, PostgreSQL.
_PRINTABLE = r"^[^\x00-\x1f\x7f]*$"
Name = Annotated[
    str,
    StringConstraints(
        min_length=1, max_length=120, pattern=r"^[^\s\x00-\x1f\x7f]([^\x00-\x1f\x7f]*[^\s\x00-\x1f\x7f])?$"
    ),
]
Line = Annotated[str, StringConstraints(max_length=255, pattern=_PRINTABLE)]
#: Of the platform's things.
Id = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")]
Text = Annotated[str, StringConstraints(max_length=4000, pattern=r"^[^\x00]*$")]
Node = Annotated[str, StringConstraints(max_length=512, pattern=r"^/[A-Za-z0-9_/-]*$")]


class In(BaseModel):
    """What comes in: a field that is not known is an error, not a typing mistake that nobody sees."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=False)


class Out(BaseModel):
    """What goes out, made of the attributes of a row or a dataclass."""

    model_config = ConfigDict(from_attributes=True)


class Page(Out, Generic[T]):
    """A part of a list."""

    items: list[T]
    next: str | None = Field(
        None, description="Give it as `cursor` for the part after this one; null: there is none."
    )


class MessageOut(Out):
    """A message for who shows it in another language."""

    text: str = Field(description="In English.", examples=["no VM vm-7 in the plan of lab"])
    code: str = Field(description="Never changes.", examples=["vm_not_in_plan"])
    params: dict[str, str | MessageOut | list[MessageOut]] = Field(
        description="What it is made of; messages are to be said in that language too.",
        examples=[{"vm": "vm-7", "adoption": "lab"}],
    )


class FieldErrorOut(Out):
    """A field and what is wrong with it."""

    field: str = Field(examples=["body.name"])
    reason: str = Field(examples=["there is a cloud 'north' already"])
    message: MessageOut = Field(description="The reason by its code.")


class ProblemOut(Out):
    """An error, as RFC 9457 has them."""

    type: str = "about:blank"
    title: str = Field(examples=["Conflict"])
    status: int = Field(examples=[409])
    detail: str = Field(examples=["there is a cloud 'north' already"])
    code: str = Field(description="Never changes; programs may rely on it.", examples=["conflict"])
    message: MessageOut = Field(description="The detail by its code.")
    errors: list[FieldErrorOut] = []
    request_id: str = Field(description="Look for it in the audit log and in the platform's logs.")
