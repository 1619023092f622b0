"""What can go wrong with a message that says all."""

from polyvisor.adoption.message import heard
from polyvisor.message import Message


class AdoptionError(Exception):
    """Something asked for cannot be: the message says what, why, and the way out."""

    def __init__(self, message: Message) -> None:
        super().__init__(message.text)
        self.message = message


class InputError(AdoptionError):
    """What the engine was given cannot be used, a file or an option; in English, with the line of a file."""

    def __init__(self, text: str) -> None:
        super().__init__(heard(text))


def reason_of(error: Exception) -> Message:
    """Why something could not be done; vCenter's faults speak for themselves."""
    return error.message if isinstance(error, AdoptionError) else heard(error)
