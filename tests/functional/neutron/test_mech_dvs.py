"""The driver in Neutron's real ML2 plugin, against the simulator."""

import re
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, ClassVar

import webob.exc
from neutron.db import provisioning_blocks
from neutron_lib import constants
from neutron_lib.api.definitions import portbindings
from neutron_lib.callbacks import resources
from oslo_config import cfg

from tests.functional.neutron.ml2 import Binding


class TestBinding(Binding):
    def test_the_first_port_makes_the_port_group_and_is_active(self) -> None:
        network_id = self.vlan_network(11)
        port = self.port_on(network_id)
        group = self.seen.port_group(f"os-{network_id}")
        assert group is not None
        assert port[portbindings.VIF_TYPE] == "dvs"
        assert port[portbindings.VIF_DETAILS] == {
            "dvs_id": group.config.distributedVirtualSwitch.uuid,
            "pg_id": group.key,
            "dvs_port_group_name": f"os-{network_id}",
            "switch_type": "dvs",
            "connectivity": "l2",
            "port_filter": False,
            "bound_drivers": {"0": "polyvisor_dvs"},
        }
        assert port["status"] == constants.PORT_STATUS_ACTIVE
        assert not provisioning_blocks.is_object_blocked(self.admin, port["id"], resources.PORT)
        config = group.config
        assert (config.type, config.autoExpand) == ("earlyBinding", True)
        assert config.defaultPortConfig.vlan.vlanId == 11
        security = config.defaultPortConfig.securityPolicy
        assert not security.allowPromiscuous.value
        assert not security.forgedTransmits.value
        assert not security.macChanges.value
        assert "test" in config.description
        assert network_id in config.description

    def test_novas_own_code_connects_a_vm_by_the_details(self) -> None:
        network_id = self.vlan_network(10)
        port = self.port_on(network_id)
        [backing] = self.connect_by_nova((self.seen.some_vm(), port), stock=True)
        assert backing.port.portgroupKey == self.seen.port_group(f"os-{network_id}").key

    def test_a_second_cluster_on_the_switch_shares_the_port_group(self) -> None:
        network_id = self.vlan_network(12)
        first, second = self.port_on(network_id), self.port_on(network_id, "compute2")
        assert first[portbindings.VIF_DETAILS]["pg_id"] == second[portbindings.VIF_DETAILS]["pg_id"]

    def test_a_port_without_address_can_be_bound(self) -> None:
        port = self.port_on(self.vlan_network(13), fixed_ips=[])
        assert port["fixed_ips"] == []
        assert port[portbindings.VIF_TYPE] == "dvs"

    def test_a_host_of_nobody_is_left_to_other_drivers(self) -> None:
        with self.assertNoLogs("polyvisor.neutron", "WARNING"):
            port = self.port_on(self.vlan_network(14), "kvm1")
        assert port[portbindings.VIF_TYPE] == portbindings.VIF_TYPE_BINDING_FAILED

    def test_neutrons_own_ports_are_left_to_its_agents(self) -> None:
        network_id = self.vlan_network(15)
        self.port_on(network_id, device_owner=constants.DEVICE_OWNER_DHCP)
        assert self.seen.port_group(f"os-{network_id}") is None

    def test_a_port_that_waits_for_the_dhcp_agent_is_bound_and_not_active_before(self) -> None:
        unbound = self.port_on(self.vlan_network(18), host="")
        wait = (self.admin, unbound["id"], resources.PORT, provisioning_blocks.DHCP_ENTITY)
        provisioning_blocks.add_provisioning_component(*wait)
        bound = self.plugin.update_port(
            self.admin, unbound["id"], {"port": {portbindings.HOST_ID: "compute1"}}
        )
        assert (bound[portbindings.VIF_TYPE], bound["status"]) == ("dvs", constants.PORT_STATUS_DOWN)
        provisioning_blocks.provisioning_complete(*wait)
        port = self.plugin.get_port(self.admin, unbound["id"])
        assert port["status"] == constants.PORT_STATUS_ACTIVE

    def test_a_port_that_is_switched_off_stays_down(self) -> None:
        port = self.port_on(self.vlan_network(19), admin_state_up=False)
        assert (port[portbindings.VIF_TYPE], port["status"]) == ("dvs", constants.PORT_STATUS_DOWN)

    def test_a_direct_port_is_refused_with_the_reason(self) -> None:
        with self.assertLogs("polyvisor.neutron", "WARNING") as logs:
            port = self.port_on(self.vlan_network(16), **{portbindings.VNIC_TYPE: "direct"})
        assert port[portbindings.VIF_TYPE] == portbindings.VIF_TYPE_BINDING_FAILED
        assert "VNIC type 'direct' is not supported" in logs.output[0]

    def test_live_migration_binds_the_target_and_leaves_the_port_active(self) -> None:
        network_id = self.vlan_network(17)
        port = self.port_on(network_id)
        target = self.on_bindings("POST", port["id"], data={"binding": {"host": "compute2"}})
        assert target["binding"]["vif_type"] == "dvs"
        assert target["binding"]["status"] == constants.INACTIVE
        self.on_bindings(
            "PUT", port["id"], data={"port_id": port["id"]}, sub_id="compute2", action="activate"
        )
        moved = self._show("ports", port["id"], as_admin=True)["port"]
        assert moved[portbindings.HOST_ID] == "compute2"
        assert moved["status"] == constants.PORT_STATUS_ACTIVE

    def test_only_hosts_of_ours_have_access_to_a_segment(self) -> None:
        segment = {"network_type": "vlan", "physical_network": "physnet1", "segmentation_id": 5}
        other = {**segment, "physical_network": "physnet2"}
        candidates = ["compute1", "kvm1"]
        assert self.mech.is_host_filtering_supported()
        assert self.mech.filter_hosts_with_segment_access(None, [segment], candidates, None) == {"compute1"}
        assert self.mech.filter_hosts_with_segment_access(None, [other], candidates, None) == set()


class TestOwnership(Binding):
    def test_the_port_group_goes_with_the_network(self) -> None:
        network_id = self.vlan_network(21)
        self.port_on(network_id)
        self.delete_all(network_id)
        self.reconcile()
        assert self.seen.port_group(f"os-{network_id}") is None

    def test_it_stays_while_a_nic_hangs_on_it_and_the_reason_is_kept(self) -> None:
        network_id = self.vlan_network(22)
        self.port_on(network_id)
        group = self.seen.port_group(f"os-{network_id}")
        attached = self.seen.attach(group)
        self.delete_all(network_id)
        self.reconcile()
        assert self.seen.port_group(f"os-{network_id}") is not None
        assert self.rows(network_id)[0].last_error == "NICs of VMs are on it"
        self.seen.detach(attached)
        self.reconcile()
        assert self.seen.port_group(f"os-{network_id}") is None
        assert self.rows(network_id) == []

    def test_a_vlan_is_not_given_to_a_new_network_before_the_old_ones_nics_are_gone(self) -> None:
        old = self.vlan_network(23)
        self.port_on(old)
        attached = self.seen.attach(self.seen.port_group(f"os-{old}"))
        self.delete_all(old)
        new = self.vlan_network(23)
        with self.assertLogs("polyvisor.neutron", "WARNING") as logs:
            refused = self.port_on(new)
        assert refused[portbindings.VIF_TYPE] == portbindings.VIF_TYPE_BINDING_FAILED
        assert "VLAN 23 of 'dvs1' of dc1 is still in use by a deleted network" in logs.output[0]
        assert self.seen.port_group(f"os-{new}") is None
        self.seen.detach(attached)
        assert self.port_on(new)[portbindings.VIF_TYPE] == "dvs"
        assert self.seen.port_group(f"os-{old}") is None

    def test_a_fitting_port_group_of_somebody_else_is_used_and_left_alone(self) -> None:
        network_id = self.vlan_network(24)
        group = self.seen.add_port_group(f"os-{network_id}", 24, "ours, not yours")
        port = self.port_on(network_id)
        assert port[portbindings.VIF_DETAILS]["pg_id"] == group.key
        self.delete_all(network_id)
        self.reconcile()
        kept = self.seen.port_group(f"os-{network_id}")
        assert kept is not None
        assert kept.config.description == "ours, not yours"

    def test_another_clouds_port_group_is_not_removed(self) -> None:
        network_id = self.vlan_network(25)
        description = self.mark(network_id).replace(" test.", " another-cloud.")
        self.seen.add_port_group(f"os-{network_id}", 25, description)
        self.port_on(network_id)
        self.delete_all(network_id)
        self.reconcile()
        assert self.seen.port_group(f"os-{network_id}") is not None

    def test_a_port_group_with_another_vlan_is_refused_and_left_alone(self) -> None:
        network_id = self.vlan_network(26)
        self.seen.add_port_group(f"os-{network_id}", 99)
        with self.assertLogs("polyvisor.neutron", "WARNING") as logs:
            port = self.port_on(network_id)
        assert port[portbindings.VIF_TYPE] == portbindings.VIF_TYPE_BINDING_FAILED
        assert "has VLAN 99, but the network has VLAN 26" in logs.output[0]
        assert self.seen.port_group(f"os-{network_id}").config.defaultPortConfig.vlan.vlanId == 99


class TestRejectingSecurityGroups(Binding):
    common: ClassVar[dict[str, Any]] = {"security_groups": "reject"}

    def test_a_port_with_security_groups_is_refused_with_the_way_out(self) -> None:
        with self.assertLogs("polyvisor.neutron", "WARNING") as logs:
            port = self.port_on(self.vlan_network(31))
        assert port["security_groups"]
        assert port[portbindings.VIF_TYPE] == portbindings.VIF_TYPE_BINDING_FAILED
        assert "--no-security-group" in logs.output[0]

    def test_a_port_without_is_bound(self) -> None:
        port = self.port_on(self.vlan_network(32), security_groups=[])
        assert port[portbindings.VIF_TYPE] == "dvs"

    def test_a_bound_port_is_given_none_afterwards(self) -> None:
        port = self.port_on(self.vlan_network(33), security_groups=[])
        [group] = self.plugin.get_security_groups(self.admin, filters={"project_id": [port["project_id"]]})
        request = self.new_update_request(
            "ports", {"port": {"security_groups": [group["id"]]}}, port["id"], as_admin=True
        )
        response = request.get_response(self.api)
        assert response.status_int == webob.exc.HTTPBadRequest.code, response.text
        assert "--no-security-group" in response.text
        assert self._show("ports", port["id"], as_admin=True)["port"]["security_groups"] == []


class TestPortSecurity(Binding):
    """With Neutron's extension: what is shown as protected is protected, or not on VMware."""

    common: ClassVar[dict[str, Any]] = {"security_groups": "reject"}

    def setUp(self) -> None:
        cfg.CONF.set_override("extension_drivers", ["port_security"], group="ml2")
        super().setUp()

    def test_ports_of_a_network_without_are_bound_as_they_are(self) -> None:
        network_id = self.vlan_network(35)
        self.plugin.update_network(self.admin, network_id, {"network": {"port_security_enabled": False}})
        port = self.port_on(network_id)
        assert port[portbindings.VIF_TYPE] == "dvs"
        assert port[portbindings.VIF_DETAILS]["port_filter"] is False
        assert (port["port_security_enabled"], port["security_groups"]) == (False, [])
        request = self.new_update_request(
            "ports", {"port": {"port_security_enabled": True}}, port["id"], as_admin=True
        )
        response = request.get_response(self.api)
        assert response.status_int == webob.exc.HTTPBadRequest.code, response.text
        assert self._show("ports", port["id"], as_admin=True)["port"]["port_security_enabled"] is False

    def test_a_port_with_port_security_alone_is_refused_too(self) -> None:
        # On KVM such a port lets nothing in; here it would let everything in.
        with self.assertLogs("polyvisor.neutron", "WARNING") as logs:
            port = self.port_on(self.vlan_network(36), security_groups=[])
        assert port[portbindings.VIF_TYPE] == portbindings.VIF_TYPE_BINDING_FAILED
        assert "--disable-port-security" in logs.output[0]


class TestFaults(Binding):
    common: ClassVar[dict[str, Any]] = {"bind_deadline": 2}
    vcenter_options: ClassVar[dict[str, Any]] = {"breaker_seconds": 1}

    @contextmanager
    def hung_vcenter(self) -> Iterator[None]:
        """Keep its sockets open and say nothing."""
        self.vcenter.process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self.vcenter.process.send_signal(signal.SIGCONT)

    def test_a_hung_vcenter_costs_one_deadline_not_ten(self) -> None:
        network_id = self.vlan_network(41)
        with self.hung_vcenter(), self.assertLogs("polyvisor.neutron", "ERROR") as logs:
            started = time.monotonic()
            port = self.port_on(network_id)
            took = time.monotonic() - started
        assert port[portbindings.VIF_TYPE] == portbindings.VIF_TYPE_BINDING_FAILED
        assert took < 15, "ten deadlines are 20 seconds"
        where = re.escape(f"vCenter {self.vcenter.host}:{self.vcenter.port}")
        assert re.search(rf"{where}: no end in (1\.\d|2) seconds", logs.output[0])
        self.rebinds(port)

    def test_a_network_can_be_deleted_while_vcenter_hangs(self) -> None:
        network_id = self.vlan_network(42)
        self.port_on(network_id)
        with self.hung_vcenter():
            self.delete_all(network_id)
        self.reconcile()
        assert self.seen.port_group(f"os-{network_id}") is None

    def test_a_wrong_password_is_said_and_a_corrected_one_is_taken_without_restart(self) -> None:
        self.password_file.write_text("not it")
        with self.assertLogs("polyvisor.neutron", "WARNING") as logs:
            port = self.port_on(self.vlan_network(43))
        assert port[portbindings.VIF_TYPE] == portbindings.VIF_TYPE_BINDING_FAILED
        assert "check [vmware_vcenter:vc1] username and password_file" in logs.output[0]
        assert "not it" not in "".join(logs.output)
        self.password_file.write_text(self.vcenter.password)
        self.rebinds(port)

    def rebinds(self, port: dict[str, Any]) -> None:
        """Any later update tries the binding again, once vCenter is not left alone any more."""
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            self.plugin.update_port(self.admin, port["id"], {"port": {"name": "again"}})
            again = self._show("ports", port["id"], as_admin=True)["port"]
            if again[portbindings.VIF_TYPE] == "dvs":
                return
        raise AssertionError("the port was never bound")
