"""The reconciler inside Neutron's real ML2 plugin, against the simulator."""

from typing import Any, ClassVar

from neutron_lib.api.definitions import portbindings

from polyvisor.neutron.connection import connect
from polyvisor.neutron.db import port_group as table
from polyvisor.neutron.reconcile import Reconciler, reconcilers
from tests.functional.neutron.ml2 import Binding


class Reconciling(Binding):
    computes: ClassVar[dict[str, str]] = {"compute1": "cluster1", "compute2": "cluster2/vss"}
    _mechanism_drivers = ("logger", "polyvisor_dvs", "polyvisor_vss")

    def reconciler(self) -> Reconciler:
        [found] = reconcilers(self.mech.switches, connect, self.mech.name)
        self.addCleanup(found.release)
        return found

    def compare_once(self) -> None:
        reconciler = self.reconciler()
        reconciler.run()
        reconciler.release()


class TestDistributed(Reconciling):
    def test_one_removed_by_hand_comes_back(self) -> None:
        network_id = self.vlan_network(211)
        self.port_on(network_id)
        self.seen.port_group(f"os-{network_id}").Destroy_Task()
        self.reconcile()
        group = self.seen.port_group(f"os-{network_id}")
        assert group.config.defaultPortConfig.vlan.vlanId == 211
        [row] = self.rows(network_id)
        assert (row.key, row.moref) == (group.key, group._moId)

    def test_one_changed_by_hand_is_repaired_and_keeps_its_nics(self) -> None:
        network_id = self.vlan_network(212)
        self.port_on(network_id)
        group = self.seen.port_group(f"os-{network_id}")
        attached = self.seen.attach(group)
        self.seen.change_port_group(group, 99)
        with self.assertLogs("polyvisor.neutron", "WARNING") as logs:
            self.reconcile()
        assert "Repaired" in logs.output[0]
        assert group.config.defaultPortConfig.vlan.vlanId == 212
        assert [vm._moId for vm in group.vm] == [attached[0]._moId]
        self.seen.detach(attached)

    def test_one_that_lost_its_mark_is_not_touched(self) -> None:
        network_id = self.vlan_network(213)
        self.port_on(network_id)
        group = self.seen.port_group(f"os-{network_id}")
        self.seen.change_port_group(group, 213, description="mine now")
        self.delete_all(network_id)
        self.reconcile()
        assert self.seen.port_group(f"os-{network_id}").config.description == "mine now"
        assert self.rows(network_id) == []

    def test_one_that_was_made_before_there_was_a_table_is_taken_over_and_goes_when_unused(self) -> None:
        network_id = self.vlan_network(214)
        description = self.mark(network_id)
        self.seen.add_port_group(f"os-{network_id}", 214, description)
        self.compare_once()
        assert [(row.owned, row.state) for row in self.rows(network_id)] == [(True, table.ACTIVE)]
        self.reconcile()
        assert self.seen.port_group(f"os-{network_id}") is None

    def test_a_port_in_the_middle_of_a_live_migration_keeps_it(self) -> None:
        network_id = self.vlan_network(215)
        port = self.port_on(network_id)
        self.plugin.update_port(self.admin, port["id"], {"port": {portbindings.HOST_ID: ""}})
        self.compare_once()
        assert self.rows(network_id)[0].unused_since is not None
        self.plugin.update_port(self.admin, port["id"], {"port": {portbindings.HOST_ID: "compute1"}})
        assert self.rows(network_id)[0].unused_since is None
        self.reconcile()
        assert self.seen.port_group(f"os-{network_id}") is not None

    def test_a_network_may_be_changed_while_in_use(self) -> None:
        network_id = self.vlan_network(216)
        self.port_on(network_id)
        group = self.seen.port_group(f"os-{network_id}")
        before = group.config.configVersion
        changes: dict[str, Any]
        for changes in ({"name": "new"}, {"mtu": 1400}, {"admin_state_up": False}, {"shared": True}):
            self.plugin.update_network(self.admin, network_id, {"network": changes})
        self.reconcile()
        assert group.config.configVersion == before
        assert self.port_on(network_id)[portbindings.VIF_TYPE] == "dvs"


class TestRestraint(Reconciling):
    common: ClassVar[dict[str, Any]] = {"dry_run": True}

    def test_a_dry_run_only_says_what_it_would_do(self) -> None:
        network_id = self.vlan_network(221)
        self.port_on(network_id)
        self.delete_all(network_id)
        with self.assertLogs("polyvisor.neutron", "INFO") as logs:
            self.reconcile()
        assert f"Would remove port group os-{network_id} of dc1 (dry_run)" in "\n".join(logs.output)
        assert self.seen.port_group(f"os-{network_id}") is not None


class TestNoDeleting(Reconciling):
    common: ClassVar[dict[str, Any]] = {"delete_enabled": False}

    def test_it_keeps_everything(self) -> None:
        network_id = self.vlan_network(222)
        self.port_on(network_id)
        self.delete_all(network_id)
        self.reconcile()
        assert self.seen.port_group(f"os-{network_id}") is not None


class TestCap(Reconciling):
    common: ClassVar[dict[str, Any]] = {"max_deletes": 2}

    def test_one_comparison_deletes_so_many_only(self) -> None:
        self.reconcile()
        networks = [self.vlan_network(230 + n) for n in range(3)]
        for network_id in networks:
            self.port_on(network_id)
            self.delete_all(network_id)
        self.compare_once()
        left = [n for n in networks if self.seen.port_group(f"os-{n}")]
        assert len(left) == 1

    def test_each_driver_has_a_process_of_its_own_for_it(self) -> None:
        workers = [worker for driver in self.mechs() for worker in driver.get_workers()]
        assert [worker.desc for worker in workers] == ["polyvisor_dvs reconciler", "polyvisor_vss reconciler"]
        assert [worker.worker_process_count for worker in workers] == [1, 1]
