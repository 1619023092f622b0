"""Datastores of VMware clusters, by Polyvisor's /os-vmware-datastores."""

from __future__ import annotations

from datetime import datetime

from polyvisor.op.db.models.resource import Kind
from polyvisor.op.inventory.found import TOP, Batch, Found
from polyvisor.op.inventory.readers.base import PAGE, Item, Reader, Source, following

_LEFT_OUT = {"id", "name", "clusters"}


def page(source: Source, marker: str | None, _since: datetime | None) -> Batch:
    """Datastores, each once, with the clusters and hosts that mount it."""
    body = source.vmware("/os-vmware-datastores", limit=PAGE, marker=marker)
    read = [found(one) for one in body["datastores"]]
    return Batch(read, following(body, "datastores"), partial=bool(body["unavailable"]))


def found(datastore: Item) -> Found:
    """A datastore as Polyvisor tells of it."""
    status = "accessible" if datastore["accessible"] else "inaccessible"
    return Found(
        Kind.DATASTORE,
        datastore["id"],
        datastore["name"],
        status if datastore["maintenance"] == "normal" else "maintenance",
        store=TOP,
        attributes={name: value for name, value in datastore.items() if name not in _LEFT_OUT}
        | {"clusters": sorted(one["name"] for one in datastore["clusters"])},
        words=(datastore["type"], datastore["vcenter"]["name"]),
    )


READER = Reader("datastore", (Kind.DATASTORE,), page, seconds=20)
