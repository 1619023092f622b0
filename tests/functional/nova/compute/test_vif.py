"""A server's NIC is on the port group that Neutron says."""

from typing import Any

from polyvisor.vsphere.standard_port_group import add_standard_port_group, list_host_networks
from polyvisor.vsphere.switch import find_cluster, find_datacenter
from tests.functional.nova.compute.cloud import CloudTest

# The simulator's distributed switch, where Nova looks first, has 'dvs1-VLAN 30'.
NAME = "VLAN 30"


class VifTest(CloudTest):
    def setUp(self) -> None:
        super().setUp()
        details = {"dvs_port_group_name": NAME, "switch_type": "vss"}
        self.port: str = self.neutron.port_1["id"]
        self.neutron._ports[self.port] |= {"binding:vif_type": "dvs", "binding:vif_details": details}

    def test_standard_port_group(self) -> None:
        refused = self._create_on_port("ERROR")
        self._delete_server(refused)
        assert self.before == self.everything()

        self._add_port_groups()
        server = self._create_on_port("ACTIVE")
        [vm] = self.vms("config.hardware.device").values()
        nics = [device for device in vm["config.hardware.device"] if hasattr(device, "macAddress")]
        assert [nic.backing.deviceName for nic in nics] == [NAME]
        self._delete_server(server)

    def _create_on_port(self, state: str) -> dict[str, Any]:
        return self.create(state, networks=[{"port": self.port}], metadata=self.wish(host="esx11"))

    def _add_port_groups(self) -> None:
        home = find_datacenter(self.session, "dc1")
        cluster = find_cluster(self.session, home, "cluster1")
        for host in list_host_networks(self.session, home):
            if host.cluster == cluster and host.network_system:
                add_standard_port_group(
                    self.session, host.network_system, name=NAME, switch="vSwitch0", vlan_id=30
                )
