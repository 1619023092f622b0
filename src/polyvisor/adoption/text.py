"""Text of vCenter, where anybody may have written anything, made fit for a plan and a terminal."""


def printable(text: str, longest: int = 2000) -> str:
    """Put "?" for what cannot be printed, and cut what is too long."""
    if not text.isprintable():
        text = "".join(character if character.isprintable() else "?" for character in text)
    return text[:longest]
