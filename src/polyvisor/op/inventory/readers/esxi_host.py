"""VMware clusters and their ESXi hosts, by Polyvisor's /os-vmware-hosts."""

from __future__ import annotations

from datetime import datetime

from polyvisor.op.db.models.resource import Kind
from polyvisor.op.inventory.found import TOP, Batch, Found, Ref
from polyvisor.op.inventory.readers.base import PAGE, Item, Reader, Source, following

_LEFT_OUT = {"id", "name", "cluster", "datastores"}


def page(source: Source, marker: str | None, _since: datetime | None) -> Batch:
    """Hosts, and the clusters that they are in."""
    body = source.vmware("/os-vmware-hosts", limit=PAGE, marker=marker)
    hosts = body["hosts"]
    clusters = {one["cluster"]["id"]: _cluster(one) for one in hosts}
    read = [*clusters.values(), *map(_host, hosts)]
    return Batch(read, following(body, "hosts"), partial=bool(body["unavailable"]))


def _cluster(host: Item) -> Found:
    """The cluster of a host. What it can hold is the sum of its hosts, which change too often to be here."""
    cluster, service = host["cluster"], host["service"]
    return Found(
        Kind.CLUSTER,
        cluster["id"],
        cluster["name"],
        service["state"] if service["status"] == "enabled" else service["status"],
        place=TOP,
        attributes={
            "moref": cluster["moref"],
            "vcenter": host["vcenter"],
            "zone": host["zone"],
            "service": service,
        },
        words=(host["vcenter"]["name"],),
    )


def _host(host: Item) -> Found:
    return Found(
        Kind.ESXI_HOST,
        host["id"],
        host["name"],
        "maintenance" if host["maintenance"] else host["connection_state"],
        place=Ref(Kind.CLUSTER, host["cluster"]["id"]),
        attributes={name: value for name, value in host.items() if name not in _LEFT_OUT}
        | {
            "cluster": host["cluster"]["name"],
            "datastores": [one["name"] for one in host["datastores"]],
        },
        words=(host["cluster"]["name"], host["vcenter"]["name"]),
    )


READER = Reader("esxi_host", (Kind.CLUSTER, Kind.ESXI_HOST), page, seconds=15)
