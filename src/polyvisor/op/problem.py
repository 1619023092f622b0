"""What can go wrong, as callers of the API and of the command are told: RFC 9457 without any HTTP library."""

from __future__ import annotations

from dataclasses import dataclass

from polyvisor.message import Message
from polyvisor.op.message import say


@dataclass(frozen=True, slots=True)
class FieldError:
    """A field of the request, as ``body.name`` or ``query.limit``, and what is wrong with it."""

    field: str
    message: Message

    @property
    def reason(self) -> str:
        """What is wrong, in English."""
        return str(self.message)


class Problem(Exception):  # noqa: N818 - RFC 9457 calls it so
    """Something asked for cannot be: the message says what, why, and the way out.

    ``code`` never changes; programs may rely on it.
    """

    status = 500
    title = "Internal error"
    code = "internal"

    def __init__(
        self, message: Message, *, errors: tuple[FieldError, ...] = (), retry_after: float | None = None
    ) -> None:
        super().__init__(str(message))
        self.message = message
        self.errors = errors
        #: Seconds after which it is worth while to try again.
        self.retry_after = retry_after

    @property
    def detail(self) -> str:
        """What, why, and the way out, in English."""
        return str(self.message)


class Invalid(Problem):
    """A field has a value that cannot be."""

    status, title, code = 422, "Invalid request", "invalid"

    def __init__(self, field: str, reason: Message) -> None:
        super().__init__(say("field", field=field, reason=reason), errors=(FieldError(field, reason),))


class Unauthenticated(Problem):
    """Nobody is logged in, or the password, the token or the session is not valid."""

    status, title, code = 401, "Not logged in", "unauthenticated"


class Forbidden(Problem):
    """The caller lacks the right."""

    status, title, code = 403, "Not allowed", "forbidden"


class NotFound(Problem):
    """There is no such thing."""

    status, title, code = 404, "Not found", "not_found"

    @classmethod
    def of(cls, thing: str, key: str) -> NotFound:
        """There is no ``thing`` with this id or name."""
        return cls(say("not_found", thing=thing, name=key))


class Conflict(Problem):
    """The state of things does not allow it now."""

    status, title, code = 409, "Conflict", "conflict"


class TooMany(Problem):
    """Too often in too short a time."""

    status, title, code = 429, "Too many attempts", "too_many"


class CloudUnavailable(Problem):
    """A cloud does not answer, or did not a moment ago and is left alone."""

    status, title, code = 503, "Cloud unavailable", "cloud_unavailable"


class CloudRefused(Problem):
    """A cloud answers, but does not accept the platform's credential, or fails."""

    status, title, code = 502, "Cloud refused", "cloud_refused"


class Rejected(Problem):
    """A cloud says that what was asked of it cannot be: another host, name or size may."""

    status, title, code = 400, "Rejected by the cloud", "rejected"
