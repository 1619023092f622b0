"""Several switches, physical networks and vCenters under one Neutron, against simulators."""

from typing import Any, ClassVar

from neutron_lib.api.definitions import portbindings
from pyVmomi import vim

from tests.functional.neutron.ml2 import Binding


class TestTwoDistributedSwitches(Binding):
    """One for each cluster of a datacenter, with the same physical network."""

    more: ClassVar[dict[str, dict[str, Any]]] = {
        "vmware_compute:compute2": {"physnet_mappings": "physnet1:dvs2"}
    }

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

    def groups_of(self, network_id: str) -> list[Any]:
        groups = self.seen.find_all(vim.dvs.DistributedVirtualPortgroup)
        return [group for name, group in groups.items() if network_id in name]
