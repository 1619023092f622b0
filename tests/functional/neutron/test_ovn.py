"""The drivers beside `ovn`, with the OVN databases that Neutron's own tests use instead of real ones."""

from typing import Any, ClassVar
from unittest import mock

from neutron.plugins.ml2.drivers.ovn.mech_driver.ovsdb import impl_idl_ovn
from neutron.tests.unit.plugins.ml2.drivers.ovn.mech_driver import test_mech_driver
from neutron_lib import constants
from neutron_lib.api.definitions import portbindings
from oslo_config import cfg

from tests.functional.neutron.ml2 import Binding


class TestOvn(test_mech_driver.MechDriverSetupBase, Binding):
    _mechanism_drivers = ("polyvisor_vss", "polyvisor_dvs", "ovn")
    computes: ClassVar[dict[str, str]] = {"compute1": "cluster1/vss", "compute2": "cluster2"}

    def setUp(self) -> None:
        patched = mock.patch.object(impl_idl_ovn.Backend, "schema_helper")
        patched.start()
        self.addCleanup(patched.stop)
        cfg.CONF.set_override("extension_drivers", ["port_security"], group="ml2")
        # OVN's least, whether there are such networks or not.
        cfg.CONF.set_override("max_header_size", 38, group="ml2_type_geneve")
        super().setUp()

    def get_additional_service_plugins(self) -> dict[str, str]:
        return {"revisions": "revisions"}

    def test_each_host_gets_its_drivers_binding_on_one_vlan(self) -> None:
        network_id = self.vlan_network(701)
        ovn: Any = self.mech_driver
        ovn.sb_ovn._get_chassis_physnets.return_value = ["physnet1"]
        bound = {host: self.port_on(network_id, host) for host in ("compute1", "compute2", "agent1_host")}
        drivers = {host: port[portbindings.VIF_DETAILS]["bound_drivers"]["0"] for host, port in bound.items()}
        assert drivers == {"compute1": "polyvisor_vss", "compute2": "polyvisor_dvs", "agent1_host": "ovn"}
        assert bound["compute2"]["status"] == constants.PORT_STATUS_ACTIVE
        self.delete_all(network_id)
        self.reconcile()
        assert self.seen.standard_port_groups(network_id) == {}
