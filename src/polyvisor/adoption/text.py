"""Text of vCenter, where anybody may have written anything, made fit for a plan and a terminal."""

from typing import Annotated, Final

from pydantic import AfterValidator, Field

_LONGEST: Final = 2000


def printable(text: str, longest: int = _LONGEST) -> str:
    """Put "?" for what cannot be printed, and cut what is too long."""
    if not text.isprintable():
        text = "".join(character if character.isprintable() else "?" for character in text)
    return text[:longest]


def require_printable(text: str) -> str:
    """Raise ValueError for what could control a terminal."""
    if not text.isprintable():
        raise ValueError("has characters that cannot be printed")
    return text


Text = Annotated[str, Field(max_length=_LONGEST), AfterValidator(require_printable)]
