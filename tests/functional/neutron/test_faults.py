"""What goes wrong in the middle of a bind or of a comparison, in Neutron's real ML2 plugin."""

from collections.abc import Callable
from typing import Any, ClassVar

import pytest
from neutron_lib.api.definitions import portbindings

from polyvisor.neutron.connection import connect
from polyvisor.neutron.db import port_group as table
from polyvisor.neutron.reconcile import reconcilers
from polyvisor.vsphere.faults import AuthenticationFailed
from tests.functional.neutron.ml2 import Binding
from tests.functional.vsphere.conftest import Faults

HOSTS = ["esx11", "esx12", "esx13", "esx14"]


class Faulty(Binding):
    _mechanism_drivers = ("polyvisor_vss", "polyvisor_dvs", "openvswitch")
    computes: ClassVar[dict[str, str]] = {"compute1": "cluster1/vss", "compute2": "cluster2"}

    def setUp(self) -> None:
        super().setUp()
        self.faults = Faults(self.vcenter)
        self.addCleanup(self.faults.set)

    def before(self, switches: Any, method: str, act: Callable[..., None]) -> None:
        """Let something happen before the driver calls vCenter."""
        original = getattr(switches, method)

        def then(*args: Any, **kwargs: Any) -> Any:
            act(*args)
            return original(*args, **kwargs)

        setattr(switches, method, then)

    def compare(self, driver: Any) -> None:
        for reconciler in reconcilers(driver.switches, connect, driver.name):
            reconciler.run()
            reconciler.release()


class TestInTheMiddle(Faulty):
    def test_a_host_that_goes_away_is_not_waited_for_and_gets_its_port_group_later(self) -> None:
        network_id = self.vlan_network(601)

        def go_away(_: Any, spot: Any, wanted: table.Wanted) -> None:
            if spot.site.scope == "esx14":
                self.seen.disconnect("esx14")

        self.before(self.mech.switches, "create", go_away)
        try:
            port = self.port_on(network_id)
        finally:
            self.seen.reconnect("esx14")
        assert port[portbindings.VIF_TYPE] == "dvs"
        assert sorted(self.seen.standard_port_groups(network_id)) == HOSTS[:3]
        assert {row.site.scope: row.state for row in self.rows(network_id)} == dict.fromkeys(
            HOSTS[:3], table.ACTIVE
        ) | {"esx14": table.PENDING}
        del self.mech.switches.create  # the instance's, set above
        self.reconcile()
        assert sorted(self.seen.standard_port_groups(network_id)) == HOSTS

    def test_a_comparison_outlives_the_end_of_its_session(self) -> None:
        network_id = self.vlan_network(602)
        self.port_on(network_id)
        self.seen.remove_standard_port_group("esx12", network_id)
        self.before(self.mech.switches, "create", lambda *_: self.seen.end_other_sessions())
        self.compare(self.mech)
        assert sorted(self.seen.standard_port_groups(network_id)) == HOSTS

    def test_somebody_who_edits_at_the_same_moment_is_given_way_to(self) -> None:
        driver = self.mechs()[1]
        network_id = self.vlan_network(603)
        self.port_on(network_id, "compute2")
        group = self.seen.port_group(f"os-{network_id}")
        self.seen.change_port_group(group, 99)
        self.faults.set({"method": "ReconfigureDVPortgroup_Task", "fault": "ConcurrentAccess", "count": 1})
        self.compare(driver)
        assert group.config.defaultPortConfig.vlan.vlanId == 99
        assert "cannot be repaired" in str(self.rows(network_id)[0].last_error)
        self.compare(driver)
        assert group.config.defaultPortConfig.vlan.vlanId == 603
        assert self.rows(network_id)[0].last_error is None


class TestRefusedLogin(Faulty):
    def test_one_login_is_tried_however_many_ports_and_comparisons_need_it(self) -> None:
        networks = [self.vlan_network(vlan_id) for vlan_id in (611, 612)]
        self.password_file.write_text("not it\n")
        self.faults.set({"method": "Login", "delay": "1ms"})
        for network_id in networks:
            for host in ("compute1", "compute2"):
                port = self.port_on(network_id, host)
                assert port[portbindings.VIF_TYPE] == portbindings.VIF_TYPE_BINDING_FAILED
        with pytest.raises(AuthenticationFailed):
            self.compare(self.mech)
        assert self.faults.hits() == [1]
        self.kvm_agent("kvm1")
        assert self.port_on(networks[0], "kvm1")[portbindings.VIF_TYPE] == "ovs"
        assert self.faults.hits() == [1]
