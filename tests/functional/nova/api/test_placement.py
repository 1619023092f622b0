"""GET /servers/{id}/os-vmware-placement, for VMs of the simulator that were given a server's identity."""

import pytest

from tests.functional.conftest import StartVCenter, VCenter
from tests.functional.nova.api.conftest import Cloud, give_identity


@pytest.fixture(scope="module")
def running(module_vcenter: StartVCenter) -> VCenter:
    return module_vcenter("-vms", "8")


@pytest.fixture
def one_cluster(cloud: Cloud, running: VCenter) -> Cloud:
    cloud.serve("compute1", running, "cluster1")
    return cloud


def path(server: str) -> str:
    return f"/v2.1/servers/{server}/os-vmware-placement"


def add_server(cloud: Cloud, running: VCenter, **metadata: str) -> str:
    server = cloud.add_server("compute1", **metadata)
    give_identity(running, "cluster1", server)
    return server


def test_shows_where_vcenter_says_the_vm_is(one_cluster: Cloud, running: VCenter) -> None:
    server = one_cluster.add_server("compute1")
    name = give_identity(running, "cluster1", server)
    place = one_cluster.app.get(path(server), headers=one_cluster.admin).json["placement"]
    found = one_cluster.app.get(
        f"/v2.1/os-vmware-hosts?host={place['host']['id']}", headers=one_cluster.admin
    ).json
    [host] = found["hosts"]
    assert place["host"] == {key: host[key] for key in ("id", "moref", "name")}
    assert place["cluster"] == host["cluster"]
    assert place["vcenter"] == host["vcenter"]
    assert {disk["datastore"]["id"] for disk in place["disks"]} <= {ds["id"] for ds in host["datastores"]}
    assert all(disk["datastore"]["name"] in disk["file"] for disk in place["disks"])
    assert place["disks"]
    assert place["vm"]["name"] == name
    assert place["server_id"] == server
    assert place["opaque"] is False
    assert place["service"] == {"host": "compute1"}
    assert place["folder"].startswith("/dc1/vm")
    assert place["resource_pool"].startswith("/dc1/host/cluster1/Resources")
    assert place["requested"] is None


def test_says_whether_the_wish_holds(one_cluster: Cloud, running: VCenter) -> None:
    server = add_server(one_cluster, running)
    place = one_cluster.app.get(path(server), headers=one_cluster.admin).json["placement"]
    here = place["host"]["name"]
    kept = add_server(one_cluster, running, **{"vmware:host": here})
    body = one_cluster.app.get(path(kept), headers=one_cluster.admin).json["placement"]
    assert body["requested"] == {"host": here, "datastore": None, "fulfilled": True, "reason": None}
    lost = add_server(one_cluster, running, **{"vmware:host": "elsewhere"})
    wish = one_cluster.app.get(path(lost), headers=one_cluster.admin).json["placement"]["requested"]
    assert wish["fulfilled"] is False
    assert here in wish["reason"]
    assert "elsewhere" in wish["reason"]


class TestPolicy:
    def test_tenants_see_nothing_by_default(self, one_cluster: Cloud, running: VCenter) -> None:
        server = add_server(one_cluster, running)
        one_cluster.app.get(path(server), headers=one_cluster.member, status=403)

    def test_the_system_reader_sees_every_server(self, one_cluster: Cloud, running: VCenter) -> None:
        server = add_server(one_cluster, running)
        one_cluster.app.get(path(server), headers=one_cluster.token("reader", system=True), status=200)

    def test_an_operator_can_show_it_to_the_project(self, one_cluster: Cloud, running: VCenter) -> None:
        one_cluster.set_policy({"os-vmware-placement:show": "rule:project_reader_or_admin"})
        server = add_server(one_cluster, running)
        place = one_cluster.app.get(path(server), headers=one_cluster.token("reader")).json["placement"]
        assert place["opaque"] is False

    def test_the_opaque_form_tells_nothing_but_who_is_together(
        self, one_cluster: Cloud, running: VCenter
    ) -> None:
        one_cluster.set_policy({"os-vmware-placement:show:opaque": "rule:project_reader_or_admin"})
        server = add_server(one_cluster, running, **{"vmware:host": "elsewhere"})
        full = one_cluster.app.get(path(server), headers=one_cluster.admin).json["placement"]
        response = one_cluster.app.get(path(server), headers=one_cluster.member)
        place = response.json["placement"]
        assert place["opaque"] is True
        for told in (full["host"]["name"], full["host"]["moref"], full["vcenter"]["uuid"], "cluster1"):
            assert told not in response.text
        assert place["requested"] == {
            "host": "elsewhere",
            "datastore": None,
            "fulfilled": False,
            "reason": None,
        }
        again = one_cluster.app.get(path(server), headers=one_cluster.member).json["placement"]
        assert again == place

    def test_another_project_gets_404(self, one_cluster: Cloud, running: VCenter) -> None:
        one_cluster.set_policy({"os-vmware-placement:show": "@"})
        server = add_server(one_cluster, running)
        stranger = one_cluster.token("member", "reader", project="0" * 32)
        one_cluster.app.get(path(server), headers=stranger, status=404)


class TestNoPlacement:
    @pytest.mark.parametrize("server", ["no-such-server", "6f1a36f8-7d6c-4c2e-9a6e-0d2f3c0b9e11"])
    def test_an_unknown_server_is_404(self, cloud: Cloud, server: str) -> None:
        cloud.app.get(path(server), headers=cloud.admin, status=404)

    def test_a_server_on_kvm_is_409(self, cloud: Cloud) -> None:
        cloud.add_compute("kvm1", "kvm1", hypervisor="QEMU")
        fault = cloud.app.get(path(cloud.add_server("kvm1")), headers=cloud.admin, status=409).json
        assert "not on VMware" in fault["conflictingRequest"]["message"]

    def test_a_server_without_a_host_is_409(self, cloud: Cloud) -> None:
        fault = cloud.app.get(path(cloud.add_server(None)), headers=cloud.admin, status=409).json
        assert "no virtual machine" in fault["conflictingRequest"]["message"]

    def test_a_server_whose_vm_is_not_there_is_409(self, one_cluster: Cloud) -> None:
        server = one_cluster.add_server("compute1")
        fault = one_cluster.app.get(path(server), headers=one_cluster.admin, status=409).json
        assert server in fault["conflictingRequest"]["message"]

    def test_a_compute_that_is_down_is_503_at_once(self, one_cluster: Cloud, running: VCenter) -> None:
        server = add_server(one_cluster, running)
        one_cluster.force_down("compute1")
        fault = one_cluster.app.get(path(server), headers=one_cluster.admin, status=503).json
        assert "compute1" in fault["serviceUnavailable"]["message"]
