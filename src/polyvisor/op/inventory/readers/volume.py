"""Volumes, by Cinder."""

from __future__ import annotations

from datetime import datetime

from polyvisor.op.db.models.resource import Kind
from polyvisor.op.inventory.found import TOP, Batch, Found, Ref, moment
from polyvisor.op.inventory.readers.base import PAGE, Item, Reader, Source, following


def page(source: Source, marker: str | None, _since: datetime | None) -> Batch:
    """Volumes of all projects if the account may see them, else of its own."""
    everybody = 1 if source.administrator else None
    body = source.get("block_storage", "/volumes/detail", limit=PAGE, marker=marker, all_tenants=everybody)
    own = source.connection.current_project_id
    return Batch([found(one, own) for one in body["volumes"]], following(body, "volumes"))


def found(volume: Item, own: str | None) -> Found:
    """A volume as Cinder tells of it; ``own``: the project, where Cinder does not say."""
    attached = volume.get("attachments") or []
    return Found(
        Kind.VOLUME,
        volume["id"],
        volume.get("name") or "",
        volume["status"],
        project_id=volume.get("os-vol-tenant-attr:tenant_id", own),
        store=TOP,
        server=Ref(Kind.SERVER, attached[0]["server_id"]) if attached else None,
        created=moment(volume.get("created_at")),
        updated=moment(volume.get("updated_at")),
        attributes={
            "size_gb": volume["size"],
            "type": volume.get("volume_type"),
            "bootable": volume.get("bootable") == "true",
            "zone": volume.get("availability_zone"),
            "back_end": volume.get("os-vol-host-attr:host"),
            "multiattach": volume.get("multiattach", False),
            "encrypted": volume.get("encrypted", False),
            "description": volume.get("description"),
            "metadata": volume.get("metadata") or {},
            "attachments": [{"server_id": one["server_id"], "device": one.get("device")} for one in attached],
        },
        words=tuple(str(value) for value in (volume.get("metadata") or {}).values()),
    )


READER = Reader("volume", (Kind.VOLUME,), page, seconds=20)
