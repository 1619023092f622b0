"""Neutron's own ML2 suites, with the driver loaded and ports bound by it."""

from typing import ClassVar

import webob.exc
from neutron.tests.unit.plugins.ml2 import test_plugin
from neutron_lib.api.definitions import portbindings

from tests.functional.neutron.ml2 import WithDriver

HOST = test_plugin.HOST


class TestNetworks(WithDriver, test_plugin.TestMl2NetworksV2):
    """Networks come and go, with the driver looking for port groups to remove."""


class TestPorts(WithDriver, test_plugin.TestMl2PortsV2):
    """The suite's own host is ours, so its ports are bound by the driver."""

    computes: ClassVar[dict[str, str]] = {HOST: "cluster1"}

    def test_update_port_mac(self) -> None:
        """The suite's host is usually nobody's. On ours the port is bound, and a bound port keeps its MAC."""
        self.check_update_port_mac(
            host_arg={portbindings.HOST_ID: HOST},
            arg_list=(portbindings.HOST_ID,),
            expected_status=webob.exc.HTTPConflict.code,
            expected_error="PortBound",
        )
