"""Several switches, physical networks and vCenters under one Neutron, against simulators."""

import signal
from pathlib import Path
from typing import Any, ClassVar

import pytest
from neutron_lib import context
from neutron_lib.api.definitions import portbindings
from oslo_config import cfg
from pyVmomi import vim

from polyvisor.neutron.db import port_group as table
from tests.functional.conftest import StartVCenter, VCenter
from tests.functional.neutron.independent import client
from tests.functional.neutron.ml2 import OWNER, Binding

More = dict[str, dict[str, Any]]


class Topology(Binding):
    def groups_of(self, network_id: str) -> list[Any]:
        groups = self.seen.find_all(vim.dvs.DistributedVirtualPortgroup)
        return [group for name, group in groups.items() if network_id in name]


class TestTwoDistributedSwitches(Topology):
    """One for each cluster of a datacenter, with the same physical network."""

    @pytest.fixture
    def more(self) -> More:
        return {"vmware_compute:compute2": {"physnet_mappings": "physnet1:dvs2"}}

    def setUp(self) -> None:
        super().setUp()
        self.seen.add_switch("dvs2", "cluster2")

    def test_a_network_has_a_port_group_on_each(self) -> None:
        network_id = self.vlan_network(411)
        first, second = self.port_on(network_id), self.port_on(network_id, "compute2")
        groups = self.groups_of(network_id)
        assert {group.config.distributedVirtualSwitch.name for group in groups} == {"dvs1", "dvs2"}
        assert {group.config.defaultPortConfig.vlan.vlanId for group in groups} == {411}
        keys = [port[portbindings.VIF_DETAILS]["pg_id"] for port in (first, second)]
        assert sorted(keys) == sorted(group.key for group in groups)
        target = self.on_bindings("POST", first["id"], data={"binding": {"host": "compute2"}})["binding"]
        assert target["vif_details"]["pg_id"] == second[portbindings.VIF_DETAILS]["pg_id"]
        self.reconcile()
        assert len(self.groups_of(network_id)) == 2
        self.delete_all(network_id)
        self.reconcile()
        assert self.groups_of(network_id) == []


class TestTwoPhysicalNetworks(Topology):
    """Each on a switch of its own in the same cluster: the same VLAN is another one there."""

    _mechanism_drivers = ("polyvisor_vss", "polyvisor_dvs")
    computes: ClassVar[dict[str, str]] = {"compute1": "cluster1/vss", "compute2": "cluster2"}

    @pytest.fixture
    def more(self) -> More:
        return {
            "vmware_compute:compute1": {"physnet_mappings": "physnet1:vSwitch0,physnet2:vSwitch1"},
            "vmware_compute:compute2": {"physnet_mappings": "physnet1:dvs1,physnet2:dvs3"},
        }

    def setUp(self) -> None:
        super().setUp()
        self.seen.add_standard_switch("vSwitch1", "cluster1")
        self.seen.add_switch("dvs3", "cluster2")

    def test_two_tenants_have_the_same_vlan_on_different_switches(self) -> None:
        networks = {physnet: self.vlan_network(421, physnet) for physnet in ("physnet1", "physnet2")}
        switches = {"physnet1": ("vSwitch0", "dvs1"), "physnet2": ("vSwitch1", "dvs3")}
        for physnet, network_id in networks.items():
            standard, distributed = switches[physnet]
            for host in ("compute1", "compute2"):
                assert self.port_on(network_id, host)[portbindings.VIF_TYPE] == "dvs"
            groups = self.seen.standard_port_groups(network_id).values()
            assert [group.vswitchName for group in groups] == [standard] * 4
            [group] = self.groups_of(network_id)
            assert group.config.distributedVirtualSwitch.name == distributed
        self.reconcile()
        for network_id in networks.values():
            assert {row.state for row in self.rows(network_id)} == {table.ACTIVE}


class TestTwoVCenters(Topology):
    """A cluster in each; the second one may die."""

    computes: ClassVar[dict[str, str]] = {"compute1": "cluster1"}
    common: ClassVar[dict[str, Any]] = {"bind_deadline": 8}
    other: VCenter

    @pytest.fixture
    def more(self, module_vcenter: StartVCenter, tmp_path: Path) -> More:
        self.other = module_vcenter("-vms", "2", "-seed", "2")
        password_file = tmp_path / "password-vc2"
        password_file.write_text(self.other.password)
        return {
            "vmware_vcenter:vc2": {
                "host": self.other.host,
                "port": self.other.port,
                "username": self.other.username,
                "password_file": password_file,
                "ca_file": self.other.ca_file,
                "breaker_seconds": 60,
            },
            "vmware_compute:compute2": {
                "vcenter": "vc2",
                "datacenter": "dc1",
                "cluster": "cluster1",
                "physnet_mappings": "physnet1:dvs1",
            },
        }

    def test_a_network_is_on_both_and_one_dead_does_not_touch_the_other(self) -> None:
        network_id = self.vlan_network(431)
        first, second = self.port_on(network_id), self.port_on(network_id, "compute2")
        with client(self.other) as seen:
            group = seen.port_group(f"os-{network_id}")
            assert group.config.defaultPortConfig.vlan.vlanId == 431
            assert second[portbindings.VIF_DETAILS]["pg_id"] == group.key
        assert first[portbindings.VIF_DETAILS]["pg_id"] == self.groups_of(network_id)[0].key
        assert {row.site.vcenter for row in self.rows(network_id)} == {"vc1", "vc2"}

        self.other.process.send_signal(signal.SIGSTOP)
        try:
            assert self.port_on(network_id)[portbindings.VIF_TYPE] == "dvs"
            failed = self.port_on(network_id, "compute2")
            assert failed[portbindings.VIF_TYPE] == portbindings.VIF_TYPE_BINDING_FAILED
        finally:
            self.other.process.send_signal(signal.SIGCONT)


class TestKindsOfNetworks(Topology):
    _mechanism_drivers = ("polyvisor_dvs",)

    def test_a_port_of_another_project_is_bound_on_a_shared_network(self) -> None:
        network_id = self.vlan_network(441)
        self.plugin.update_network(self.admin, network_id, {"network": {"shared": True}})
        port = self.port_on(network_id, project_id="somebody-else", tenant_id="somebody-else")
        assert port[portbindings.VIF_TYPE] == "dvs"

    def test_a_server_may_be_on_an_external_network(self) -> None:
        network_id = self.vlan_network(442)
        self.plugin.update_network(self.admin, network_id, {"network": {"router:external": True}})
        assert self.port_on(network_id)[portbindings.VIF_TYPE] == "dvs"

    def test_a_routers_gateway_is_left_to_neutrons_agents(self) -> None:
        network_id = self.vlan_network(443)
        self.port_on(network_id, device_owner="network:router_gateway")
        assert self.groups_of(network_id) == []

    def test_a_flat_network_is_untagged(self) -> None:
        network_id = self.flat_network()
        assert self.port_on(network_id)[portbindings.VIF_TYPE] == "dvs"
        [group] = self.groups_of(network_id)
        assert group.config.defaultPortConfig.vlan.vlanId == 0
        self.delete_all(network_id)
        self.reconcile()

    def test_a_larger_mtu_than_the_switchs_refuses_the_next_port_only(self) -> None:
        cfg.CONF.set_override("global_physnet_mtu", 9600)
        network_id = self.vlan_network(444)
        self.plugin.update_network(self.admin, network_id, {"network": {"mtu": 9000}})
        bound = self.port_on(network_id)
        self.plugin.update_network(self.admin, network_id, {"network": {"mtu": 9500}})
        with self.assertLogs("polyvisor.neutron", "WARNING") as logs:
            self.port_on(network_id)
        assert "MTU 9500 is larger than MTU 9000 of switch 'dvs1'" in logs.output[0]
        assert self._show("ports", bound["id"], as_admin=True)["port"]["status"] == "ACTIVE"

    def test_a_port_that_is_switched_off_stays_bound(self) -> None:
        port = self.port_on(self.vlan_network(445))
        self.plugin.update_port(context.get_admin_context(), port["id"], {"port": {"admin_state_up": False}})
        off = self._show("ports", port["id"], as_admin=True)["port"]
        assert (off[portbindings.VIF_TYPE], off["device_owner"]) == ("dvs", OWNER)
