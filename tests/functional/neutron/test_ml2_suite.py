"""Neutron's own ML2 suites, with the driver loaded and ports bound by it."""

from typing import Any, ClassVar

import pytest
import webob.exc
from neutron.tests.unit.plugins.ml2 import test_plugin, test_port_binding
from neutron_lib.api.definitions import portbindings
from oslo_config import cfg

from tests.functional.neutron.ml2 import WithDriver

HOST = test_plugin.HOST


class WithBoth(WithDriver):
    """Both drivers are loaded, each for a cluster."""

    _mechanism_drivers = ("logger", "polyvisor_vss", "polyvisor_dvs")
    computes: ClassVar[dict[str, str]] = {"compute1": "cluster1/vss", "compute2": "cluster2"}


class TestNetworks(WithBoth, test_plugin.TestMl2NetworksV2):
    """Networks come and go, with the drivers noting which port groups to remove."""


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


class TestPortsStandard(BoundPorts, WithDriver, test_plugin.TestMl2PortsV2):
    """Ports on standard switches."""

    _mechanism_drivers = ("logger", "polyvisor_vss")
    computes: ClassVar[dict[str, str]] = {HOST: "cluster1/vss"}


class TestBindings(WithBoth, test_port_binding.ExtendedPortBindingTestCase):
    """Several bindings of a port, as live migration makes them.

    The suite chooses its drivers itself; ours are loaded before them, and its hosts are not ours.
    """

    network_type: ClassVar[str] = "local"

    @pytest.fixture(autouse=True)
    def _load(self, monkeypatch: pytest.MonkeyPatch) -> None:
        original = cfg.CONF.set_override
        ours = ["polyvisor_vss", "polyvisor_dvs"]

        def set_override(name: str, override: Any, group: Any = None) -> None:
            original(name, [*ours, *override] if name == "mechanism_drivers" else override, group)

        monkeypatch.setattr(cfg.CONF, "set_override", set_override)
