"""What the engine says of VMs: texts are in ``texts``, and in the web UI's."""

from collections.abc import Sequence

from polyvisor.adoption.texts import MESSAGES
from polyvisor.message import Message, make


def say(code: str, **params: object) -> Message:
    """The engine's message with a code. Parameters are messages, lists of them, or what ``str`` makes of
    them."""
    return make(MESSAGES, code, params)


def heard(text: object) -> Message:
    """What somebody else has said, as it is."""
    return say("as_said", text=text)


def together(reasons: Sequence[Message]) -> Message:
    """One message of at least one."""
    return say("each_of", reasons=reasons) if len(reasons) > 1 else reasons[0]
