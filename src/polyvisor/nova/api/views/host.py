"""ESXi hosts as the API shows them."""

from polyvisor.nova.api.clusters import Cluster, Item
from polyvisor.nova.api.views import base


def hosts(cluster: Cluster) -> list[Item]:
    """Return the hosts of a cluster, each with those datastores it sees that Nova may use."""
    datastores = {item["moref"]: item["name"] for item in cluster.datastores}
    return [_host(cluster, host, datastores) for host in cluster.hosts]


def _host(cluster: Cluster, host: Item, datastores: dict[str, str]) -> Item:
    return {
        **base.reference(cluster.vcenter["uuid"], host["moref"], host["name"]),
        **host,
        "vcenter": cluster.vcenter,
        "cluster": base.reference(cluster.vcenter["uuid"], **cluster.cluster),
        "zone": cluster.compute.zone,
        "service": cluster.compute.service,
        "datastores": [
            base.reference(cluster.vcenter["uuid"], moref, datastores[moref])
            for moref in host["datastores"]
            if moref in datastores
        ],
    }
