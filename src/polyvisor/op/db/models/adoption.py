"""Adoptions: what was found in vCenters, and the plan of what becomes of it."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from polyvisor.op.db.base import Base, new_id, now
from polyvisor.op.db.models.resource import NullableJson, Sorted


class Adoption(Base):
    """VMs of some vCenters on their way under a cloud: by rules, a plan, and a journal."""

    __tablename__ = "adoption"

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    cloud_id: Mapped[str] = mapped_column(ForeignKey("cloud.id"), index=True)
    name: Mapped[str] = mapped_column(String(120), unique=True)
    #: Ids of vCenters of its cloud.
    vcenters: Mapped[list[str]]
    #: As a rules file has them.
    rules: Mapped[dict[str, Any]] = mapped_column(default=dict)
    #: What the CSV file of a rules file has: [{"vm", "mac", "address"}].
    addresses: Mapped[list[dict[str, Any]]] = mapped_column(default=list)
    #: Written on everything that is made for it in OpenStack, by which that is found again.
    journal: Mapped[str] = mapped_column(String(36), default=lambda: str(uuid.uuid4()))
    discovered_at: Mapped[datetime | None]
    planned_at: Mapped[datetime | None]
    #: Rules or decisions have changed since then: findings and what is undecided may be others.
    stale: Mapped[bool] = mapped_column(default=False)
    #: What changed in the vCenters between the last two plans: [{"vm", "what", "message"}].
    changes: Mapped[list[dict[str, Any]]] = mapped_column(default=list)
    verified_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(default=now)
    updated_at: Mapped[datetime] = mapped_column(default=now, onupdate=now)


class AdoptionDiscovery(Base):
    """All that was read from a vCenter, as the file of ``polyvisor adopt discover`` has it."""

    __tablename__ = "adoption_discovery"

    adoption_id: Mapped[str] = mapped_column(ForeignKey("adoption.id", ondelete="CASCADE"), primary_key=True)
    vcenter_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    content: Mapped[bytes] = mapped_column(LargeBinary)


class AdoptionDocument(Base):
    """A document of the plan: its header, a network, a flavor, or a server with the VM that becomes it."""

    __tablename__ = "adoption_document"
    __table_args__ = (
        Index("ix_adoption_document_path", "adoption_id", "kind", "path_key", "key"),
        Index("ix_adoption_document_position", "adoption_id", "position"),
    )

    adoption_id: Mapped[str] = mapped_column(ForeignKey("adoption.id", ondelete="CASCADE"), primary_key=True)
    #: plan, network, flavor or server.
    kind: Mapped[str] = mapped_column(String(16), primary_key=True)
    #: Of a server the id of the VM, of a network "physical network/VLAN", of a flavor its name.
    key: Mapped[str] = mapped_column(String(512), primary_key=True)
    position: Mapped[int]
    #: As the plan's model has it, and as its file has it, with comments.
    content: Mapped[dict[str, Any]]
    text: Mapped[str] = mapped_column(Text)
    #: Of servers only, to find them by.
    path_key: Mapped[str] = mapped_column(Sorted, default="")
    folder: Mapped[str] = mapped_column(Text, default="")
    state: Mapped[str] = mapped_column(String(16), default="")
    #: Each between spaces.
    severities: Mapped[str] = mapped_column(String(64), default="")
    checks: Mapped[str] = mapped_column(Text, default="")
    #: Everything that can be searched for, in lower case.
    words: Mapped[str] = mapped_column(Text, default="")
    #: What the last comparison of OpenStack with vCenter found: [{"field", "drift", "says", "message"}];
    #: null: none yet.
    differences: Mapped[list[dict[str, Any]] | None] = mapped_column(NullableJson)
