"""What readers have in common: one page of a list of a cloud's API at a time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any

from openstack import exceptions

from polyvisor.op.db.models.resource import Kind
from polyvisor.op.inventory.found import Batch

#: Items that are asked for at once; what a cloud gives at most may be less.
PAGE = 500
Item = dict[str, Any]


class NoAnswer(Exception):  # noqa: N818 - the cloud answers; what is behind it does not
    """A vCenter of the cloud does not answer. The cloud does: it must not be left alone for this."""


@dataclass(slots=True)
class Source:
    """A cloud, as a reader asks it."""

    connection: Any
    #: What probing found: see polyvisor.op.clouds.probe.
    capabilities: dict[str, Any]
    #: The cloud's clock, as its last answer had it.
    date: datetime | None = None

    @property
    def administrator(self) -> bool:
        """Whether the account may see all projects."""
        return bool(self.capabilities.get("administrator"))

    def microversion(self, service: str, wanted: str) -> str | None:
        """The wanted microversion, or the highest that the cloud has below it; None if it has none."""
        highest: str | None = (self.capabilities.get("services", {}).get(service) or {}).get("max")
        if not highest:
            return None
        return min(wanted, highest, key=lambda one: [int(part) for part in one.split(".")])

    def get(
        self, service: str, path: str, microversion: str | None = None, **query: str | int | None
    ) -> Item:
        """The answer of a service (a name of openstacksdk's proxies) as JSON.

        Raises openstack.exceptions.HttpException.
        """
        proxy = getattr(self.connection, service)
        given = {name: value for name, value in query.items() if value is not None}
        answer = proxy.get(path, params=given, microversion=microversion)
        exceptions.raise_from_response(answer)
        if "Date" in answer.headers:
            self.date = parsedate_to_datetime(answer.headers["Date"])
        body: Item = answer.json()
        return body

    def vmware(self, path: str, **query: str | int | None) -> Item:
        """The answer of Polyvisor's part of Nova. Raises as ``get``, and NoAnswer if a vCenter is silent."""
        try:
            return self.get("compute", path, None, **query)
        except exceptions.HttpException as fault:
            if fault.status_code == 503:
                raise NoAnswer(str(fault)) from fault
            raise


#: (cloud, marker of the page before or None, only changes since or None) -> a page.
Page = Callable[[Source, str | None, datetime | None], Batch]


@dataclass(frozen=True, slots=True)
class Reader:
    """How some kinds of resources are read."""

    name: str
    kinds: tuple[Kind, ...]
    page: Page
    #: Seconds between two readings, unless the cloud takes long for one.
    seconds: float
    #: Whether ``page`` can tell what has changed since.
    incremental: bool = False


def following(body: Item, name: str) -> str | None:
    """The marker of the next page, if the service says that there is one."""
    items: list[Item] = body[name]
    more = any(link.get("rel") == "next" for link in body.get(f"{name}_links", ()))
    return str(items[-1]["id"]) if more and items else None
