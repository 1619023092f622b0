"""Images, by Glance."""

from __future__ import annotations

from datetime import datetime

from polyvisor.op.db.models.resource import Kind
from polyvisor.op.inventory.found import Batch, Found, moment
from polyvisor.op.inventory.readers.base import PAGE, Item, Reader, Source

_NAMES = ("disk_format", "container_format", "size", "virtual_size", "min_disk", "min_ram", "visibility")
#: Properties that say what a VM of the image is.
_PREFIXES = ("hw_", "os_", "vmware_", "architecture", "hypervisor_type")


def page(source: Source, marker: str | None, _since: datetime | None) -> Batch:
    """Images that the account may see."""
    body = source.get("image", "/images", limit=PAGE, marker=marker)
    images = body["images"]
    return Batch([found(one) for one in images], images[-1]["id"] if images and body.get("next") else None)


def found(image: Item) -> Found:
    """An image as Glance tells of it."""
    return Found(
        Kind.IMAGE,
        image["id"],
        image.get("name") or "",
        image["status"],
        project_id=image.get("owner"),
        shared=image.get("visibility") in {"public", "community"},
        created=moment(image.get("created_at")),
        updated=moment(image.get("updated_at")),
        attributes={name: image.get(name) for name in _NAMES}
        | {"properties": {key: image[key] for key in sorted(image) if key.startswith(_PREFIXES)}},
        words=tuple(image.get("tags") or ()),
    )


READER = Reader("image", (Kind.IMAGE,), page, seconds=60)
