"""Secrets at rest: encrypted by a key that is a file of its owner's alone."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet


class VaultError(Exception):
    """The key cannot be used, or is not the one that something was encrypted with."""


class Vault:
    """Encrypts and decrypts.

    The first line of the key file encrypts, all of them decrypt: so keys can change.
    """

    def __init__(self, keys: list[bytes]) -> None:
        self._fernet = MultiFernet([Fernet(key) for key in keys])

    def seal(self, secret: dict[str, Any]) -> str:
        """The secret as text that says nothing without the key."""
        return self._fernet.encrypt(json.dumps(secret).encode()).decode()

    def open(self, sealed: str, *, seconds: int | None = None) -> dict[str, Any]:
        """The secret again. Raises VaultError if it is of another key, changed, or older than ``seconds``."""
        try:
            opened: dict[str, Any] = json.loads(self._fernet.decrypt(sealed, ttl=seconds))
        except InvalidToken:
            raise VaultError(
                "a stored credential is of another key than this key file's: put the former key back, as "
                "one more line of the file, or enter the credential anew"
            ) from None
        return opened


def open_vault(path: Path) -> Vault:
    """The vault of a key file, which is made if there is none. Raises VaultError.

    A key that others can read is refused, as ssh does.
    """
    try:
        _make(path)
        if stat.S_IMODE(path.stat().st_mode) & 0o077:
            raise VaultError(f"{path} can be read by others: chmod 600 {path}, and change what it protects")
        keys = path.read_bytes().split()
        return Vault(keys)
    except OSError as error:
        raise VaultError(f"the key file {path} cannot be used: {error.strerror}") from error
    except ValueError:
        raise VaultError(f"{path} is no key file: one key of 32 bytes in base64 a line") from None


def _make(path: Path) -> None:
    """Write a new key, unless there is one; of processes that try at once, one wins."""
    if path.exists():
        return
    partial = path.with_name(f"{path.name}.{os.getpid()}")
    partial.touch(mode=0o600)
    partial.write_bytes(Fernet.generate_key() + b"\n")
    try:
        path.hardlink_to(partial)
    except FileExistsError:
        pass  # somebody else's, a moment ago
    finally:
        partial.unlink()
