"""OpenStack as adoption changes it: through the public APIs, with the rights of the user who asks."""

import threading
import time
from collections.abc import Iterator, Mapping
from email.utils import parsedate_to_datetime
from typing import Any, Final

import openstack

from polyvisor.adoption.cloud_reader import REFUSALS
from polyvisor.adoption.errors import AdoptionError
from polyvisor.adoption.message import say
from polyvisor.message import Message

#: Seconds within which each request is answered; making a hundred ports takes a busy Neutron a while.
REQUEST_SECONDS: Final = 120.0
_RETRIES: Final = 5
_ERROR_TEXT: Final = 500


class RefusedError(AdoptionError):
    """OpenStack said no, or did not answer.

    Attributes:
        status: of HTTP; None without an answer: it may have been done.
    """

    def __init__(self, message: Message, status: int | None) -> None:
        super().__init__(message)
        self.status = status


class Clouds:
    """One user, in each of the projects where she has a role. Thread-safe."""

    def __init__(self, connection: Any) -> None:
        """Take the user's connection of openstacksdk; the project of its token is where she administers."""
        self.admin = connection
        self._projects: dict[str, Any] = {}
        self._lock = threading.Lock()

    def of_project(self, project: str) -> Any:
        """The same user's connection with a token of a project (id)."""
        with self._lock:
            if project == self.admin.current_project_id:
                return self.admin
            if project not in self._projects:
                self._projects[project] = self.admin.connect_as(project_id=project)
            return self._projects[project]

    def has(self, extension: str) -> bool:
        """Whether Neutron has an extension, by its alias."""
        found = listing(self.admin.network, "/extensions", "extensions")
        return any(item["alias"] == extension for item in found)


def ask(  # noqa: PLR0913 - the parts of a request
    service: Any,
    method: str,
    path: str,
    body: Mapping[str, Any] | None = None,
    *,
    query: Any = None,
    microversion: str | None = None,
) -> Any:
    """Send one request, and give the JSON of the answer; {} for an answer without one.

    Raises:
        RefusedError: with the service's own words.
    """
    answer = _send(service, method, path, json=body, params=query, microversion=microversion)
    return answer.json() if answer.content else {}


def _send(service: Any, method: str, path: str, **rest: Any) -> Any:
    # A connection may break after the request was taken: only what changes nothing is sent again.
    retries = _RETRIES if method == "GET" else 0
    try:
        answer = service.request(
            path, method, raise_exc=False, timeout=REQUEST_SECONDS, connect_retries=retries, **rest
        )
        openstack.exceptions.raise_from_response(answer)
    except REFUSALS as exc:
        raise _refusal(service, exc) from exc
    return answer


def _refusal(service: Any, error: Exception) -> RefusedError:
    status = getattr(error, "status_code", None) or getattr(error, "http_status", None)
    details = getattr(error, "details", None) or str(error)
    said = say("service_said", service=service.service_type, text=str(details)[:_ERROR_TEXT])
    return RefusedError(said, status)


def listing(
    service: Any,
    path: str,
    key: str,
    query: Mapping[str, Any] | None = None,
    *,
    microversion: str | None = None,
) -> Iterator[dict[str, Any]]:
    """All pages of a list.

    Raises:
        RefusedError: as `ask` does.
    """
    wanted: dict[str, Any] = dict(query or {})
    while True:
        answer = ask(service, "GET", path, query=wanted, microversion=microversion)
        yield from answer[key]
        links = answer.get(f"{key}_links", ())
        if not any(link["rel"] == "next" for link in links):
            return
        wanted["marker"] = answer[key][-1]["id"]


def ask_gone(service: Any, method: str, path: str, body: Mapping[str, Any] | None = None) -> None:
    """Send a request about something that may be gone already.

    Raises:
        RefusedError: as `ask` does, except with HTTP 404.
    """
    try:
        ask(service, method, path, body)
    except RefusedError as exc:
        if exc.status != 404:
            raise


def clock_skew(service: Any) -> float:
    """Seconds by which a service's clock is ahead of ours, by the date that HTTP answers carry."""
    date = _send(service, "GET", "/").headers.get("Date")
    return parsedate_to_datetime(date).timestamp() - time.time() if date else 0.0
