"""The standard-switch driver in Neutron's real ML2 plugin, against the simulator."""

from typing import Any, ClassVar

from neutron_lib import constants
from neutron_lib.api.definitions import portbindings

from polyvisor.neutron.db import port_group as table
from tests.functional.neutron.ml2 import Binding
from tests.functional.vsphere.conftest import Faults

HOSTS = ["esx11", "esx12", "esx13", "esx14"]


class StandardBinding(Binding):
    """One cluster with standard switches, one with the distributed switch, one KVM host of nobody."""

    _mechanism_drivers = ("logger", "polyvisor_vss", "polyvisor_dvs")
    computes: ClassVar[dict[str, str]] = {"compute1": "cluster1/vss", "compute2": "cluster2/vss"}


class TestBinding(StandardBinding):
    def test_the_first_port_makes_the_port_group_on_every_host(self) -> None:
        network_id = self.vlan_network(111)
        port = self.port_on(network_id)
        assert port[portbindings.VIF_TYPE] == "dvs"
        assert port[portbindings.VIF_DETAILS] == {
            "dvs_port_group_name": network_id,
            "switch_type": "vss",
            "connectivity": "l2",
            "port_filter": False,
            "bound_drivers": {"0": "polyvisor_vss"},
        }
        assert port["status"] == constants.PORT_STATUS_ACTIVE
        groups = self.seen.standard_port_groups(network_id)
        assert sorted(groups) == HOSTS
        for group in groups.values():
            assert (group.vswitchName, group.vlanId) == ("vSwitch0", 111)
            security = group.policy.security
            assert not security.allowPromiscuous
            assert not security.forgedTransmits
            assert not security.macChanges
        assert {(row.state, row.owned) for row in self.rows(network_id)} == {(table.ACTIVE, True)}

    def test_novas_own_code_connects_a_vm_by_the_details(self) -> None:
        network_id = self.vlan_network(112)
        port = self.port_on(network_id)
        [backing] = self.connect_by_nova((self.seen.vm_on("esx11"), port), stock=True)
        assert backing.deviceName == network_id

    def test_a_second_cluster_gets_its_own(self) -> None:
        network_id = self.vlan_network(113)
        self.port_on(network_id)
        self.port_on(network_id, "compute2")
        assert len(self.seen.standard_port_groups(network_id)) == 8

    def test_a_flat_network_is_untagged(self) -> None:
        network_id = self.flat_network()
        port = self.port_on(network_id)
        assert port[portbindings.VIF_TYPE] == "dvs"
        assert {group.vlanId for group in self.seen.standard_port_groups(network_id).values()} == {0}
        self.delete_all(network_id)
        self.reconcile()

    def test_a_host_in_maintenance_is_not_waited_for_and_gets_it_later(self) -> None:
        network_id = self.vlan_network(114)
        with self.seen.disconnected("esx14"):
            port = self.port_on(network_id)
            assert port[portbindings.VIF_TYPE] == "dvs"
            assert "esx14" not in self.seen.standard_port_groups(network_id)
        self.reconcile()
        assert sorted(self.seen.standard_port_groups(network_id)) == HOSTS

    def test_a_switch_that_a_host_lacks_is_named(self) -> None:
        mech: Any = self.mech
        network_id = self.vlan_network(115)
        compute = mech.computes["compute1"]
        elsewhere = type(compute)(
            compute.host,
            compute.vcenter,
            compute.datacenter,
            compute.cluster,
            {"physnet1": "vSwitch7"},
            "vss",
        )
        mech.settings.computes["compute1"] = elsewhere
        mech.computes = mech.switches.of_type()
        with self.assertLogs("polyvisor.neutron", "WARNING") as logs:
            port = self.port_on(network_id)
        assert port[portbindings.VIF_TYPE] == portbindings.VIF_TYPE_BINDING_FAILED
        assert "has no standard switch 'vSwitch7'" in logs.output[0]


class TestFaults(StandardBinding):
    def setUp(self) -> None:
        super().setUp()
        self.faults = Faults(self.vcenter)
        self.addCleanup(self.faults.set)

    def test_a_host_that_refuses_is_named_and_the_reconciler_tries_again(self) -> None:
        network_id = self.vlan_network(141)
        self.faults.set({"method": "AddPortGroup", "fault": "HostConfigFault", "chance": 1, "skip": 3})
        with self.assertLogs("polyvisor.neutron", "WARNING") as logs:
            port = self.port_on(network_id)
        assert port[portbindings.VIF_TYPE] == portbindings.VIF_TYPE_BINDING_FAILED
        assert f"port group '{network_id}' cannot be made on 'vSwitch0' of esx1" in logs.output[0]
        assert len(self.seen.standard_port_groups(network_id)) == 3
        [refused] = [row for row in self.rows(network_id) if row.last_error]
        assert refused.state == table.PENDING
        assert "it cannot be made:" in str(refused.last_error)
        self.faults.set()
        self.plugin.update_port(self.admin, port["id"], {"port": {"name": "again"}})
        assert sorted(self.seen.standard_port_groups(network_id)) == HOSTS
        assert {(row.state, row.owned) for row in self.rows(network_id)} == {(table.ACTIVE, True)}

    def test_what_was_made_for_a_port_that_was_never_bound_goes_again(self) -> None:
        network_id = self.vlan_network(142)
        self.faults.set({"method": "AddPortGroup", "fault": "HostConfigFault", "skip": 3})
        self.port_on(network_id)
        self.faults.set()
        self.reconcile()
        assert self.seen.standard_port_groups(network_id) == {}
        assert self.rows(network_id) == []


class TestOwnership(StandardBinding):
    def test_the_port_groups_go_with_the_network(self) -> None:
        network_id = self.vlan_network(121)
        self.port_on(network_id)
        self.delete_all(network_id)
        assert sorted(self.seen.standard_port_groups(network_id)) == HOSTS
        self.reconcile()
        assert self.seen.standard_port_groups(network_id) == {}
        assert self.rows(network_id) == []

    def test_one_of_somebody_else_is_used_and_left_alone(self) -> None:
        network_id = self.vlan_network(122)
        self.seen.add_standard_port_group("esx12", network_id, 122)
        port = self.port_on(network_id)
        assert port[portbindings.VIF_TYPE] == "dvs"
        assert sorted(self.seen.standard_port_groups(network_id)) == HOSTS
        self.delete_all(network_id)
        self.reconcile()
        assert sorted(self.seen.standard_port_groups(network_id)) == ["esx12"]
        assert self.rows(network_id) == []

    def test_one_with_another_vlan_is_refused_and_left_alone(self) -> None:
        network_id = self.vlan_network(123)
        self.seen.add_standard_port_group("esx12", network_id, 99)
        with self.assertLogs("polyvisor.neutron", "WARNING") as logs:
            port = self.port_on(network_id)
        assert port[portbindings.VIF_TYPE] == portbindings.VIF_TYPE_BINDING_FAILED
        assert "of esx12 has VLAN 99, but the network has VLAN 123" in logs.output[0]
        self.reconcile()
        assert {h: g.vlanId for h, g in self.seen.standard_port_groups(network_id).items()} == {"esx12": 99}

    def test_one_removed_by_hand_comes_back_and_one_changed_is_repaired(self) -> None:
        network_id = self.vlan_network(124)
        self.port_on(network_id)
        self.seen.remove_standard_port_group("esx11", network_id)
        self.seen.change_standard_port_group("esx13", network_id, 99)
        self.reconcile()
        groups = self.seen.standard_port_groups(network_id)
        assert {host: group.vlanId for host, group in groups.items()} == dict.fromkeys(HOSTS, 124)

    def test_a_vlan_is_not_given_on_while_a_nic_of_another_cluster_has_it(self) -> None:
        old = self.vlan_network(125)
        self.port_on(old, "compute2")
        vm = self.seen.vm_on("esx21")
        attached = self.seen.attach_standard(vm, old)
        self.delete_all(old)
        new = self.vlan_network(125)
        with self.assertLogs("polyvisor.neutron", "WARNING") as logs:
            refused = self.port_on(new)
        assert refused[portbindings.VIF_TYPE] == portbindings.VIF_TYPE_BINDING_FAILED
        assert "VLAN 125 of 'vSwitch0' of esx2" in logs.output[0]
        assert "is still in use by a deleted network" in logs.output[0]
        self.seen.detach(attached)
        assert self.port_on(new)[portbindings.VIF_TYPE] == "dvs"
        assert self.seen.standard_port_groups(old) == {}


class TestMixed(StandardBinding):
    _mechanism_drivers = ("polyvisor_vss", "polyvisor_dvs", "openvswitch")
    computes: ClassVar[dict[str, str]] = {"compute1": "cluster1/vss", "compute2": "cluster2"}

    def test_each_host_gets_its_drivers_binding_on_one_vlan(self) -> None:
        network_id = self.vlan_network(131)
        self.kvm_agent("kvm1")
        vss, kvm = self.port_on(network_id), self.port_on(network_id, "kvm1")
        assert (vss[portbindings.VIF_TYPE], kvm[portbindings.VIF_TYPE]) == ("dvs", "ovs")
        other = self.vlan_network(132)
        dvs, kvm = self.port_on(other, "compute2"), self.port_on(other, "kvm1")
        assert (dvs[portbindings.VIF_TYPE], kvm[portbindings.VIF_TYPE]) == ("dvs", "ovs")
        assert dvs[portbindings.VIF_DETAILS]["bound_drivers"] == {"0": "polyvisor_dvs"}

    def test_a_network_is_on_both_types_of_switch_at_once(self) -> None:
        network_id = self.vlan_network(133)
        dvs, vss = self.port_on(network_id, "compute2"), self.port_on(network_id)
        # The hosts of cluster1 are on the distributed switch too, where Nova looks first.
        standard, distributed = self.connect_by_nova(
            (self.seen.vm_on("esx11"), vss), (self.seen.vm_on("esx21"), dvs)
        )
        assert standard.deviceName == network_id
        assert distributed.port.portgroupKey == self.seen.port_group(f"os-{network_id}").key

    def test_a_live_migration_binds_the_other_type_of_switch(self) -> None:
        network_id = self.vlan_network(134)
        port = self.port_on(network_id)
        target = self.on_bindings("POST", port["id"], data={"binding": {"host": "compute2"}})["binding"]
        assert target["vif_details"]["pg_id"] == self.seen.port_group(f"os-{network_id}").key
        self.on_bindings(
            "PUT", port["id"], data={"port_id": port["id"]}, sub_id="compute2", action="activate"
        )
        moved = self._show("ports", port["id"], as_admin=True)["port"]
        assert moved[portbindings.VIF_DETAILS]["bound_drivers"] == {"0": "polyvisor_dvs"}
        assert moved["status"] == constants.PORT_STATUS_ACTIVE
        # Back, as a failed migration does; the standard port groups are still there.
        self.on_bindings("DELETE", port["id"], sub_id="compute1")
        back = self.on_bindings("POST", port["id"], data={"binding": {"host": "compute1"}})["binding"]
        assert back["vif_details"]["dvs_port_group_name"] == network_id
