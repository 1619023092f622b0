"""The operations platform as a program uses it: over HTTP, logged in as the administrator."""

from __future__ import annotations

from typing import Any

import requests

from polyvisor.sandbox import platform
from polyvisor.sandbox.settings import Settings

REQUEST_SECONDS = 120


class PlatformError(Exception):
    """The platform did not do what it was asked; the message is its own."""


class PlatformClient:
    """A session on the platform of a sandbox. Raises PlatformError."""

    def __init__(self, settings: Settings) -> None:
        self._url = f"{settings.url('op')}/api/v1"
        self._http = requests.Session()
        file = platform.password_file(settings)
        if not file.exists():
            raise PlatformError(f"{file} is gone: write the password of the administrator admin into it")
        answer = self.call("POST", "session", name="admin", password=file.read_text().strip())
        self._http.headers["X-CSRF-Token"] = answer["csrf"]

    def call(self, method: str, path: str, **body: Any) -> Any:
        """The answer to a request, as JSON says it."""
        answer = self._http.request(method, f"{self._url}/{path}", json=body or None, timeout=REQUEST_SECONDS)
        if not answer.ok:
            raise PlatformError(f"{method} {path}: HTTP {answer.status_code}: {answer.text}")
        return answer.json() if answer.content else None
