"""Neutron's own ML2 suites, with the driver loaded and ports bound by it."""

from typing import Any, ClassVar

import pytest
import webob.exc
from neutron.tests.unit.plugins.ml2 import test_plugin, test_port_binding
from neutron_lib.api.definitions import portbindings
from oslo_config import cfg

from tests.functional.neutron.ml2 import WithDriver

HOST = test_plugin.HOST


class Standard(WithDriver):
    """The same with standard switches."""

    _mechanism_drivers = ("logger", "polyvisor_vss")
    computes: ClassVar[dict[str, str]] = {"compute1": "cluster1/vss", "compute2": "cluster2/vss"}


class TestNetworks(WithDriver, test_plugin.TestMl2NetworksV2):
    """Networks come and go, with the driver looking for port groups to remove."""


class TestNetworksStandard(Standard, test_plugin.TestMl2NetworksV2):
    """The same with standard switches."""


class BoundPorts:
    """The suite's own host is ours, so its ports are bound by the driver."""

    computes: ClassVar[dict[str, str]] = {HOST: "cluster1"}

    def test_update_port_mac(self: Any) -> None:
        """The suite's host is usually nobody's. On ours the port is bound, and a bound port keeps its MAC."""
        self.check_update_port_mac(
            host_arg={portbindings.HOST_ID: HOST},
            arg_list=(portbindings.HOST_ID,),
            expected_status=webob.exc.HTTPConflict.code,
            expected_error="PortBound",
        )


class TestPorts(BoundPorts, WithDriver, test_plugin.TestMl2PortsV2):
    """Ports on the distributed switch."""


class TestPortsStandard(BoundPorts, Standard, test_plugin.TestMl2PortsV2):
    """Ports on standard switches."""

    computes: ClassVar[dict[str, str]] = {HOST: "cluster1/vss"}


class BesideTheSuitesOwn:
    """The suite chooses its drivers itself; ours is loaded before them, and its hosts are not ours."""

    loaded: ClassVar[str] = "polyvisor_dvs"
    network_type: ClassVar[str] = "local"

    @pytest.fixture(autouse=True)
    def _load(self, monkeypatch: pytest.MonkeyPatch) -> None:
        original = cfg.CONF.set_override

        def set_override(name: str, override: Any, group: Any = None) -> None:
            original(name, [self.loaded, *override] if name == "mechanism_drivers" else override, group)

        monkeypatch.setattr(cfg.CONF, "set_override", set_override)


class TestBindings(BesideTheSuitesOwn, WithDriver, test_port_binding.ExtendedPortBindingTestCase):
    """Several bindings of a port, as live migration makes them."""


class TestBindingsStandard(BesideTheSuitesOwn, Standard, test_port_binding.ExtendedPortBindingTestCase):
    """The same with standard switches."""

    loaded: ClassVar[str] = "polyvisor_vss"
