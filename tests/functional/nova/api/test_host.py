"""GET /os-vmware-hosts: the ESXi hosts of two clusters, from the vCenter simulator."""

import signal
import time

import pytest

from tests.functional.conftest import StartVCenter, VCenter
from tests.functional.nova.api.conftest import Cloud

HOSTS = "/v2.1/os-vmware-hosts"
NAMES = ["esx11", "esx12", "esx13", "esx14", "esx21", "esx22", "esx23", "esx24"]


@pytest.fixture(scope="module")
def running(module_vcenter: StartVCenter) -> VCenter:
    return module_vcenter()


@pytest.fixture
def two_clusters(cloud: Cloud, running: VCenter) -> Cloud:
    cloud.serve("compute1", running, "cluster1")
    cloud.serve("compute2", running, "cluster2")
    return cloud


def names(cloud: Cloud, query: str = "") -> list[str]:
    body = cloud.app.get(HOSTS + query, headers=cloud.admin).json
    return sorted(host["name"] for host in body["hosts"])


def test_shows_what_vcenter_knows_of_each_host(two_clusters: Cloud) -> None:
    body = two_clusters.app.get(f"{HOSTS}?host=esx21", headers=two_clusters.admin).json
    [host] = body["hosts"]
    assert host["id"] == f"{host['vcenter']['uuid']}:{host['moref']}"
    assert host["cluster"]["name"] == "cluster2"
    assert host["zone"] == "zone-cluster2"
    assert host["service"] == {"host": "compute2", "state": "up", "status": "enabled"}
    assert (host["connection_state"], host["power_state"]) == ("connected", "poweredOn")
    assert host["maintenance"] is False
    assert host["memory_bytes"] > host["memory_used_bytes"] > 0
    assert {store["name"] for store in host["datastores"]} == {
        "shared1",
        "shared2",
        "cluster2-ssd",
        "esx21-local",
    }
    assert body["unavailable"] == []


def test_lists_all_hosts_of_all_clusters(two_clusters: Cloud) -> None:
    assert names(two_clusters) == NAMES


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("?zone=zone-cluster1", NAMES[:4]),
        ("?cluster=cluster2", NAMES[4:]),
        ("?datastore=cluster1-ssd", NAMES[:4]),
        ("?datastore=esx13-local", ["esx13"]),
        ("?cluster=cluster2&host=esx11", []),
        ("?zone=nowhere", []),
    ],
)
def test_filters(two_clusters: Cloud, query: str, expected: list[str]) -> None:
    assert names(two_clusters, query) == expected


def test_a_host_is_found_by_its_moref_and_its_id(two_clusters: Cloud) -> None:
    body = two_clusters.app.get(f"{HOSTS}?host=esx12", headers=two_clusters.admin).json
    [host] = body["hosts"]
    assert names(two_clusters, f"?host={host['moref']}") == ["esx12"]
    assert names(two_clusters, f"?host={host['id']}") == ["esx12"]


def test_pages_lead_to_all_hosts_once(two_clusters: Cloud) -> None:
    found = []
    url = f"{HOSTS}?limit=3"
    while url:
        body = two_clusters.app.get(url, headers=two_clusters.admin).json
        assert len(body["hosts"]) <= 3
        found += [host["name"] for host in body["hosts"]]
        [url] = [link["href"] for link in body.get("hosts_links", [])] or [""]
    assert sorted(found) == NAMES


def test_the_page_is_bounded_by_the_operator(two_clusters: Cloud) -> None:
    two_clusters.conf.config(max_limit=5, group="api")
    assert len(names(two_clusters, "?limit=1000")) == 5


@pytest.mark.parametrize("query", ["?color=red", "?limit=-1", "?limit=x", "?host=", "?host=a&host=b"])
def test_a_query_that_is_not_understood_is_refused(cloud: Cloud, query: str) -> None:
    response = cloud.app.get(HOSTS + query, headers=cloud.admin, status=400)
    assert response.json["badRequest"]["code"] == 400


def test_a_cluster_whose_service_is_down_is_named_and_the_others_are_shown(two_clusters: Cloud) -> None:
    two_clusters.force_down("compute2")
    body = two_clusters.app.get(HOSTS, headers=two_clusters.admin).json
    assert len(body["hosts"]) == 4
    [missing] = body["unavailable"]
    assert missing["code"] == 503
    assert missing["service"]["host"] == "compute2"
    assert missing["cluster"]["moref"].startswith("domain-c")
    assert "compute2" in missing["reason"]


def test_a_disabled_service_is_still_shown(two_clusters: Cloud) -> None:
    two_clusters.disable("compute1")
    body = two_clusters.app.get(f"{HOSTS}?host=esx11", headers=two_clusters.admin).json
    assert body["hosts"][0]["service"]["status"] == "disabled"


def test_only_dead_clusters_are_an_error(two_clusters: Cloud) -> None:
    two_clusters.force_down("compute1")
    two_clusters.force_down("compute2")
    fault = two_clusters.app.get(HOSTS, headers=two_clusters.admin, status=503).json
    assert "compute1" in fault["serviceUnavailable"]["message"]


def test_a_cloud_without_vmware_has_no_hosts(cloud: Cloud) -> None:
    cloud.add_compute("kvm1", "kvm1", hypervisor="QEMU")
    assert cloud.app.get(HOSTS, headers=cloud.admin).json == {"hosts": [], "unavailable": []}


def test_a_hung_vcenter_delays_the_others_no_longer_than_its_time_limit(
    cloud: Cloud, running: VCenter, vcenter: StartVCenter
) -> None:
    hung = vcenter("-instance-uuid", "6f1a36f8-7d6c-4c2e-9a6e-0d2f3c0b9e11")
    cloud.serve("compute1", running, "cluster1")
    cloud.serve("compute8", hung, "cluster1")
    hung.process.send_signal(signal.SIGSTOP)
    try:
        started = time.monotonic()
        body = cloud.app.get(HOSTS, headers=cloud.admin).json
        assert time.monotonic() - started < 5
    finally:
        hung.process.send_signal(signal.SIGCONT)
    assert len(body["hosts"]) == 4
    [missing] = body["unavailable"]
    assert missing["vcenter"]["uuid"] == "6f1a36f8-7d6c-4c2e-9a6e-0d2f3c0b9e11"
    assert missing["code"] == 503


def test_equal_morefs_of_two_vcenters_are_two_hosts(
    cloud: Cloud, running: VCenter, vcenter: StartVCenter
) -> None:
    other = vcenter("-instance-uuid", "6f1a36f8-7d6c-4c2e-9a6e-0d2f3c0b9e11")
    cloud.serve("compute1", running, "cluster1")
    cloud.serve("compute9", other, "cluster1")
    body = cloud.app.get(HOSTS, headers=cloud.admin).json
    assert len({host["moref"] for host in body["hosts"]}) == 4
    assert len({host["id"] for host in body["hosts"]}) == 8


def test_operators_see_hosts_and_tenants_do_not(two_clusters: Cloud) -> None:
    two_clusters.app.get(HOSTS, headers=two_clusters.admin, status=200)
    two_clusters.app.get(HOSTS, headers=two_clusters.token("reader", system=True), status=200)
    two_clusters.app.get(HOSTS, headers=two_clusters.member, status=403)
    two_clusters.app.get(HOSTS, headers=two_clusters.token("reader"), status=403)
    two_clusters.app.get(HOSTS, status=401)


def test_policy_yaml_decides(two_clusters: Cloud) -> None:
    two_clusters.set_policy({"os-vmware-hosts:list": "role:auditor"})
    two_clusters.app.get(HOSTS, headers=two_clusters.token("auditor"), status=200)
    two_clusters.app.get(HOSTS, headers=two_clusters.admin, status=403)
