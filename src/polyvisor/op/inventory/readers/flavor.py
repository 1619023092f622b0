"""Flavors, by Nova."""

from __future__ import annotations

from datetime import datetime

from polyvisor.op.db.models.resource import Kind
from polyvisor.op.inventory.found import Batch, Found
from polyvisor.op.inventory.readers.base import PAGE, Item, Reader, Source, following


def page(source: Source, marker: str | None, _since: datetime | None) -> Batch:
    """All flavors, for administrators those too that are not public."""
    microversion = source.microversion("compute", "2.61")  # with extra specs
    everybody = "None" if source.administrator else None
    body = source.get(
        "compute", "/flavors/detail", microversion, limit=PAGE, marker=marker, is_public=everybody
    )
    return Batch([found(one) for one in body["flavors"]], following(body, "flavors"))


def found(flavor: Item) -> Found:
    """A flavor as Nova tells of it."""
    return Found(
        Kind.FLAVOR,
        flavor["id"],
        flavor["name"],
        "disabled" if flavor.get("OS-FLV-DISABLED:disabled") else "available",
        shared=bool(flavor.get("os-flavor-access:is_public", True)),
        attributes={
            "vcpus": flavor["vcpus"],
            "ram_mb": flavor["ram"],
            "disk_gb": flavor["disk"],
            "ephemeral_gb": flavor.get("OS-FLV-EXT-DATA:ephemeral", 0),
            "swap_mb": flavor.get("swap") or 0,
            "extra_specs": flavor.get("extra_specs") or {},
            "description": flavor.get("description"),
        },
    )


READER = Reader("flavor", (Kind.FLAVOR,), page, seconds=120)
