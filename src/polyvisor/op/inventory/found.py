"""What readers find on clouds, before it is stored."""

from __future__ import annotations

import hashlib
import json
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from polyvisor.op.db.models.resource import Kind


@dataclass(frozen=True, slots=True)
class Ref:
    """Another resource of the same cloud, as the cloud names it."""

    kind: Kind
    external_id: str

    def id(self, cloud_id: str) -> str:
        """The platform's id of it, whether it was read already or not."""
        return uuid.uuid5(uuid.UUID(cloud_id), f"{self.kind}/{self.external_id}").hex


class Top:
    """The top of a cloud in one of the trees."""

    def id(self, cloud_id: str) -> str:
        """The cloud's own id."""
        return cloud_id


TOP = Top()
Parent = Ref | Top | None


@dataclass(frozen=True, slots=True)
class Found:
    """A resource, as a reader makes it of what the cloud says."""

    kind: Kind
    external_id: str
    name: str = ""
    status: str = ""
    project_id: str | None = None
    shared: bool = False
    place: Parent = None
    store: Parent = None
    network: Parent = None
    server: Ref | None = None
    created: datetime | None = None
    updated: datetime | None = None
    attributes: dict[str, Any] = field(default_factory=dict)
    #: What else it can be searched for by, beside name and id.
    words: tuple[str, ...] = ()
    #: The cloud says that it is no more.
    deleted: bool = False

    def id(self, cloud_id: str) -> str:
        """The platform's id of it."""
        return Ref(self.kind, self.external_id).id(cloud_id)

    def values(self, cloud_id: str) -> dict[str, Any]:
        """The columns that follow from what was read alone."""
        name = _clean(self.name or self.external_id)[:255]
        values = {
            "id": self.id(cloud_id),
            "kind": str(self.kind),
            "cloud_id": cloud_id,
            "external_id": self.external_id,
            "project_id": self.project_id,
            "shared": self.shared,
            "name": name,
            "name_key": name.lower()[:255],
            "status": self.status[:64],
            "place_hint": _id(self.place, cloud_id),
            "store_id": _id(self.store, cloud_id),
            "network_id": _id(self.network, cloud_id),
            "server_id": _id(self.server, cloud_id),
            "created_at": self.created,
            "updated_at": self.updated,
            "attributes": self.attributes,
            "words": _clean(" ".join((name, self.external_id, *self.words))).lower()[:4000],
        }
        plain = json.dumps(values, sort_keys=True, default=str).encode()
        return values | {"digest": hashlib.sha1(plain, usedforsecurity=False).hexdigest()}


@dataclass(frozen=True, slots=True)
class Batch:
    """One page of what a cloud has."""

    found: list[Found]
    #: Where the next page begins; None after the last.
    marker: str | None = None
    #: Part of the cloud did not answer: what is missing here is not gone.
    partial: bool = False


def moment(text: str | None) -> datetime | None:
    """A time as OpenStack's services write it: in UTC, with a zone or without."""
    if not text:
        return None
    try:
        read = datetime.fromisoformat(text)
    except ValueError:
        return None
    return read.replace(tzinfo=UTC) if read.tzinfo is None else read


def _id(parent: Parent, cloud_id: str) -> str | None:
    return None if parent is None else parent.id(cloud_id)


def _clean(text: str) -> str:
    """Without NUL, which PostgreSQL cannot store."""
    return text.replace("\0", "")
