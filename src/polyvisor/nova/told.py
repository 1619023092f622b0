"""What the owner of a server is told of work that failed: the reason, without what is the operator's alone.

It is the first line of the details of the event, of which Nova keeps 255 bytes; below it, for administrators,
is what else is known.
"""

import textwrap

from nova import exception

from polyvisor.nova import errors
from polyvisor.vsphere import faults

_LENGTH = 200
_AWAY = "vCenter is not available"
_BAD_INPUT = exception.InvalidInput.msg_fmt.partition("%")[0]


def reason(error: BaseException) -> str:
    """Return why it failed, in one line, without the addresses of services and the names of tasks."""
    if isinstance(error, (errors.VCenterUnavailable, faults.Unavailable, faults.AuthenticationFailed)):
        words = _AWAY
    elif isinstance(error, errors.VCenterRefused):
        cause = error.kwargs.get("reason")
        words = reason(cause) if isinstance(cause, faults.VSphereError) else str(cause)
    elif isinstance(error, faults.VSphereError):
        words = error.reason
    elif isinstance(error, exception.NovaException):
        words = error.format_message()
    else:
        # As Nova: nobody knows what other errors have in their words.
        words = type(error).__name__
    return " ".join(words.split())


def write(details: str, error: BaseException) -> str:
    """Return the details of an event with the reason as their first line."""
    words = textwrap.shorten(reason(error), _LENGTH, placeholder=" ...")
    return f"{words}\n{details.removesuffix(words).rstrip()}"


def refused(details: str) -> str | None:
    """Return why another service took something for bad input, from Nova's own details; None for others.

    That is for whoever gave it. What else fails may have addresses of services in its words.
    """
    words = details.partition("\n")[0]
    if not words.startswith(_BAD_INPUT):
        return None
    return words.rpartition(_BAD_INPUT)[2].partition(" (HTTP ")[0]


def read(details: str) -> str | None:
    """Return the reason of such details; None for others."""
    words, separator, _ = details.partition("\n")
    return words if separator else None
