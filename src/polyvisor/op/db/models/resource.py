"""Resources of clouds, what users call them, and how far reading them is."""

from __future__ import annotations

import enum
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, ForeignKey, Index, Integer, String, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from polyvisor.op.db.base import Base, new_id, now

#: SQLite counts up by itself in INTEGER only.
Number = BigInteger().with_variant(Integer, "sqlite")
NullableJson = JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")
#: The same order, byte by byte, in both stores; PostgreSQL finds prefixes by an index of this order only.
Sorted = String(255).with_variant(String(255, collation="C"), "postgresql")


class Kind(enum.StrEnum):
    """What a resource is. Their alphabetical order is that of the nodes of a tree."""

    CLUSTER = "cluster"
    COMPUTE_SERVICE = "compute_service"
    DATASTORE = "datastore"
    ESXI_HOST = "esxi_host"
    FLAVOR = "flavor"
    IMAGE = "image"
    NETWORK = "network"
    PORT = "port"
    PROJECT = "project"
    SERVER = "server"
    #: Of a VM, by vSphere; not Cinder's.
    SNAPSHOT = "snapshot"
    VOLUME = "volume"


def _there(name: str, *columns: str) -> Index:
    """An index of what is there. Each ends with what lists are filtered by, so that it is all they read."""
    condition = text("gone_at IS NULL")
    return Index(f"ix_resource_{name}", *columns, sqlite_where=condition, postgresql_where=condition)


class Resource(Base):
    """Something a cloud has, or had: its row stays a while after it has gone."""

    __tablename__ = "resource"
    __table_args__ = (
        UniqueConstraint("cloud_id", "kind", "external_id"),
        _there("name", "kind", "name_key", "id", "cloud_id", "tenant_id", "status", "shared"),
        _there("status", "kind", "status", "name_key", "id", "cloud_id", "tenant_id", "shared"),
        _there("created", "kind", "created_at", "id", "cloud_id", "tenant_id", "status", "shared"),
        _there("cloud", "cloud_id", "kind", "name_key", "id", "tenant_id", "status", "shared"),
        _there("tenant", "tenant_id", "kind", "name_key", "id", "cloud_id", "status"),
        _there("project", "cloud_id", "project_id", "kind", "name_key", "id", "tenant_id"),
        _there("any", "name_key", "id", "kind", "cloud_id", "tenant_id", "status", "shared"),
        _there("place", "place_id", "kind", "name_key", "id", "cloud_id", "tenant_id"),
        _there("store", "store_id", "kind", "name_key", "id", "cloud_id", "tenant_id"),
        _there("network", "network_id", "kind", "name_key", "id", "cloud_id", "tenant_id", "shared"),
        _there("server", "server_id", "kind", "name_key", "id"),
        Index("ix_resource_gone_at", "gone_at"),
        Index(
            "ix_resource_look_due",
            "cloud_id",
            "look_due",
            sqlite_where=text("look_due IS NOT NULL"),
            postgresql_where=text("look_due IS NOT NULL"),
        ),
    )

    #: Full-text search of SQLite refers to rows by it.
    number: Mapped[int] = mapped_column(Number, primary_key=True, autoincrement=True)
    #: Made of cloud, kind and external id, so that one can refer to another before either was read.
    id: Mapped[str] = mapped_column(String(32), unique=True)
    kind: Mapped[str] = mapped_column(String(24))
    cloud_id: Mapped[str] = mapped_column(ForeignKey("cloud.id", ondelete="CASCADE"))
    #: The cloud's own id of it.
    external_id: Mapped[str] = mapped_column(String(255))
    #: The cloud's own id of the project that it is in.
    project_id: Mapped[str | None] = mapped_column(String(64))
    #: The tenant that this project belongs to.
    tenant_id: Mapped[str | None] = mapped_column(ForeignKey("tenant.id", ondelete="SET NULL"))
    #: Every project of the cloud may use it: a public flavor or image, a shared network.
    shared: Mapped[bool] = mapped_column(default=False)
    name: Mapped[str] = mapped_column(String(255))
    #: The name in lower case.
    name_key: Mapped[str] = mapped_column(Sorted)
    status: Mapped[str] = mapped_column(String(64))
    #: What it is below in the tree of hosts, storage and networks: a resource, or the cloud's id at the top.
    place_id: Mapped[str | None] = mapped_column(String(32))
    store_id: Mapped[str | None] = mapped_column(String(32))
    network_id: Mapped[str | None] = mapped_column(String(32))
    #: The server that it belongs to.
    server_id: Mapped[str | None] = mapped_column(String(32))
    #: Where Nova says that a server is; ``place_id`` is the ESXi host if it was looked for since.
    place_hint: Mapped[str | None] = mapped_column(String(32))
    created_at: Mapped[datetime] = mapped_column(default=now)
    updated_at: Mapped[datetime] = mapped_column(default=now)
    #: As the kind has it: see polyvisor.op.inventory.readers.
    attributes: Mapped[dict[str, Any]] = mapped_column(default=dict)
    #: Where vCenter says that a server is.
    placement: Mapped[dict[str, Any] | None] = mapped_column(NullableJson)
    #: What users of the platform have put on it.
    tags: Mapped[list[str]] = mapped_column(default=list)
    #: Everything that can be searched for, in lower case.
    words: Mapped[str] = mapped_column(Text)
    #: Of what was read: the same again is not written again.
    digest: Mapped[str] = mapped_column(String(40))
    #: Counts changes.
    version: Mapped[int] = mapped_column(default=1)
    seen_at: Mapped[datetime] = mapped_column(default=now)
    gone_at: Mapped[datetime | None]
    #: When vCenter is to be asked where a server is; None for one that is not on VMware.
    look_due: Mapped[datetime | None]


class ResourceTag(Base):
    """A tag of a resource, to find resources by."""

    __tablename__ = "resource_tag"
    __table_args__ = (Index("ix_resource_tag_tag", "tag", "resource_id"),)

    resource_id: Mapped[str] = mapped_column(ForeignKey("resource.id", ondelete="CASCADE"), primary_key=True)
    tag: Mapped[str] = mapped_column(String(64), primary_key=True)


class SyncState(enum.StrEnum):
    """How reading a cloud's resources went."""

    NEW = "new"
    OK = "ok"
    #: The cloud has no such service, or its account may not ask.
    ABSENT = "absent"
    FAILED = "failed"


class Sync(Base):
    """One reader at one cloud: when it is due, who reads now, how it went."""

    __tablename__ = "inventory_sync"
    __table_args__ = (UniqueConstraint("cloud_id", "reader"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    cloud_id: Mapped[str] = mapped_column(ForeignKey("cloud.id", ondelete="CASCADE"))
    reader: Mapped[str] = mapped_column(String(24))
    due: Mapped[datetime] = mapped_column(default=now, index=True)
    #: When everything is read again, to find what has gone unnoticed.
    full_due: Mapped[datetime] = mapped_column(default=now)
    #: By the cloud's clock: changes since then are not known yet.
    since: Mapped[datetime | None]
    #: Of the worker that reads; whoever has another one has lost the lease.
    holder: Mapped[str | None] = mapped_column(String(32))
    state: Mapped[str] = mapped_column(String(16), default=SyncState.NEW)
    reason: Mapped[str | None] = mapped_column(Text)
    message: Mapped[dict[str, Any] | None]
    #: When everything was last read, and the seconds that took.
    read_at: Mapped[datetime | None]
    seconds: Mapped[float | None]
