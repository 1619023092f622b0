from typing import Any

from nova.context import RequestContext

from polyvisor.nova.api.clusters import Cluster
from polyvisor.nova.api.computes import Compute
from polyvisor.nova.api.views import datastore as view


def cluster(name: str, *hosts: str, vcenter: str = "vc1") -> Cluster:
    mounts = [
        {"host": host, "mounted": True, "accessible": True, "read_only": False}
        for host in ("host-1", "host-2")
    ]
    shared: dict[str, Any] = {"moref": "datastore-1", "name": "shared1", "hosts": mounts}
    return Cluster(
        compute=Compute(
            name, f"{name}.{vcenter}", "nova", up=True, disabled=False, cell=RequestContext(is_admin=False)
        ),
        vcenter={"uuid": vcenter, "name": vcenter},
        cluster={"moref": f"domain-{name}", "name": name},
        hosts=[{"moref": host, "name": f"esx-{host}"} for host in hosts],
        datastores=[shared],
    )


def test_a_datastore_of_two_clusters_is_one() -> None:
    [shared] = view.datastores([cluster("a", "host-1"), cluster("b", "host-2")])
    assert shared["id"] == "vc1:datastore-1"
    assert [item["name"] for item in shared["clusters"]] == ["a", "b"]
    assert [(item["name"], item["accessible"]) for item in shared["hosts"]] == [
        ("esx-host-1", True),
        ("esx-host-2", True),
    ]


def test_equal_morefs_of_two_vcenters_are_two_datastores() -> None:
    found = view.datastores([cluster("a", "host-1"), cluster("b", "host-1", vcenter="vc2")])
    assert [item["id"] for item in found] == ["vc1:datastore-1", "vc2:datastore-1"]


def test_only_hosts_whose_cluster_answered_are_listed() -> None:
    [shared] = view.datastores([cluster("a", "host-1")])
    assert [item["moref"] for item in shared["hosts"]] == ["host-1"]
