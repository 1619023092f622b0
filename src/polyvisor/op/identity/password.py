"""Passwords: argon2id, with the parameters that its library recommends."""

from __future__ import annotations

import functools
import hashlib
import secrets

from argon2 import PasswordHasher
from argon2.exceptions import VerificationError

from polyvisor.op.message import say
from polyvisor.op.problem import Invalid

SHORTEST, LONGEST = 10, 256
_HASHER = PasswordHasher()


def make_hash(password: str, field: str = "body.password") -> str:
    """The hash to keep. Raises Invalid for a password that is too short or too long."""
    if not SHORTEST <= len(password) <= LONGEST:
        raise Invalid(field, say("password_length", shortest=SHORTEST, longest=LONGEST))
    return _HASHER.hash(password)


def verify(password: str, kept: str | None) -> bool:
    """Whether it is the password. Takes as long if there is none, so that time does not tell who exists."""
    try:
        _HASHER.verify(kept or _nobodys(), password)
    except VerificationError:
        return False
    return kept is not None


def is_old(kept: str) -> bool:
    """Whether the hash was made with weaker parameters than today's."""
    return _HASHER.check_needs_rehash(kept)


@functools.cache
def _nobodys() -> str:
    return _HASHER.hash(secrets.token_urlsafe())


def generate() -> str:
    """A new password, or the secret of a cookie or a token."""
    return secrets.token_urlsafe(32)


def digest(secret: str) -> str:
    """What is kept of a secret that was generated: nobody guesses those, so no slow hash is needed."""
    return hashlib.sha256(secret.encode()).hexdigest()
