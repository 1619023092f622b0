"""Datastores as the API shows them."""

from collections.abc import Iterable, Iterator

from polyvisor.nova.api.clusters import Cluster, Item
from polyvisor.nova.api.views import base


def datastores(clusters: Iterable[Cluster]) -> list[Item]:
    """Return the datastores of all clusters, each once, with all clusters and hosts that see it.

    A datastore that two clusters share is one place with one capacity: counted twice, it would show space
    that is not there.
    """
    merged: dict[str, Item] = {}
    for cluster in clusters:
        hosts = {host["moref"]: host["name"] for host in cluster.hosts}
        for datastore in cluster.datastores:
            item = _datastore(cluster, datastore)
            item = merged.setdefault(item["id"], item)
            item["clusters"].append(_cluster(cluster))
            item["hosts"].extend(_mounts(cluster, datastore, hosts))
    return list(merged.values())


def _datastore(cluster: Cluster, datastore: Item) -> Item:
    return {
        **base.reference(cluster.vcenter["uuid"], datastore["moref"], datastore["name"]),
        **datastore,
        "vcenter": cluster.vcenter,
        "clusters": [],
        "hosts": [],
    }


def _cluster(cluster: Cluster) -> Item:
    return {
        **base.reference(cluster.vcenter["uuid"], **cluster.cluster),
        "zone": cluster.compute.zone,
        "service": cluster.compute.service,
    }


def _mounts(cluster: Cluster, datastore: Item, hosts: dict[str, str]) -> Iterator[Item]:
    # vCenter names every host that mounts the datastore; a host of another cluster comes with that cluster.
    for mount in datastore["hosts"]:
        moref = mount["host"]
        if moref in hosts:
            state = {key: value for key, value in mount.items() if key != "host"}
            yield {**base.reference(cluster.vcenter["uuid"], moref, hosts[moref]), **state}
