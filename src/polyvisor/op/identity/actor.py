"""Who does something, as the audit log tells it."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Actor:
    """A user by browser or token, the command on the platform's own machine, or the platform itself."""

    name: str
    #: "session", "token", "command", "worker", or "anonymous" for somebody not logged in.
    via: str
    user_id: str | None = None
    address: str = ""
    request_id: str = field(default_factory=lambda: uuid.uuid4().hex)


def worker() -> Actor:
    """The platform, acting by itself."""
    return Actor("platform", "worker")
