"""GET /os-vmware-datastores: the datastores of two clusters, from the vCenter simulator."""

import pytest

from tests.functional.conftest import StartVCenter, VCenter
from tests.functional.nova.api.conftest import Cloud

DATASTORES = "/v2.1/os-vmware-datastores"
LOCAL = {f"esx{cluster}{host}-local" for cluster in (1, 2) for host in (1, 2, 3, 4)}


@pytest.fixture(scope="module")
def running(module_vcenter: StartVCenter) -> VCenter:
    return module_vcenter()


@pytest.fixture
def two_clusters(cloud: Cloud, running: VCenter) -> Cloud:
    cloud.serve("compute1", running, "cluster1")
    cloud.serve("compute2", running, "cluster2")
    return cloud


def names(cloud: Cloud, query: str = "") -> list[str]:
    body = cloud.app.get(DATASTORES + query, headers=cloud.admin).json
    return sorted(datastore["name"] for datastore in body["datastores"])


def test_lists_each_datastore_once(two_clusters: Cloud) -> None:
    assert names(two_clusters) == sorted({"shared1", "shared2", "cluster1-ssd", "cluster2-ssd"} | LOCAL)


def test_a_shared_datastore_names_all_its_clusters_and_hosts(two_clusters: Cloud) -> None:
    body = two_clusters.app.get(f"{DATASTORES}?datastore=shared1", headers=two_clusters.admin).json
    [shared] = body["datastores"]
    assert shared["id"] == f"{shared['vcenter']['uuid']}:{shared['moref']}"
    assert [cluster["name"] for cluster in shared["clusters"]] == ["cluster1", "cluster2"]
    assert {cluster["zone"] for cluster in shared["clusters"]} == {"zone-cluster1", "zone-cluster2"}
    assert len({host["name"] for host in shared["hosts"]}) == len(shared["hosts"]) == 8
    assert shared["type"] == "VMFS"
    assert shared["accessible"] is True
    assert shared["maintenance"] == "normal"
    assert shared["capacity_bytes"] >= shared["free_bytes"] > 0
    assert shared["provisioned_bytes"] >= 0
    assert shared["vm_count"] >= 0


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("?zone=zone-cluster1&datastore=shared1", ["shared1"]),
        ("?zone=zone-cluster1&datastore=cluster2-ssd", []),
        ("?cluster=cluster2&datastore=cluster2-ssd", ["cluster2-ssd"]),
        ("?host=esx14", ["cluster1-ssd", "esx14-local", "shared1", "shared2"]),
    ],
)
def test_filters(two_clusters: Cloud, query: str, expected: list[str]) -> None:
    assert names(two_clusters, query) == expected


def test_pages(two_clusters: Cloud) -> None:
    first = two_clusters.app.get(f"{DATASTORES}?limit=7", headers=two_clusters.admin).json
    [link] = first["datastores_links"]
    second = two_clusters.app.get(link["href"], headers=two_clusters.admin).json
    assert len(first["datastores"]) == 7
    assert len(second["datastores"]) == 5
    assert "datastores_links" not in second


def test_operators_see_datastores_and_tenants_do_not(two_clusters: Cloud) -> None:
    two_clusters.app.get(DATASTORES, headers=two_clusters.token("reader", system=True), status=200)
    two_clusters.app.get(DATASTORES, headers=two_clusters.member, status=403)


def test_an_unknown_parameter_is_refused(cloud: Cloud) -> None:
    cloud.app.get(f"{DATASTORES}?colour=red", headers=cloud.admin, status=400)
