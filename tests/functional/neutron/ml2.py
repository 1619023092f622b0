"""Neutron's own ML2 test cases with the driver loaded, against a running vCenter simulator."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, ClassVar

import pytest
import webob.exc
from neutron.services.segments import db as segments_db
from neutron.tests.common import test_db_base_plugin_v2 as neutron_db
from neutron.tests.unit.plugins.ml2 import test_plugin
from neutron_lib import constants, context
from neutron_lib.api.definitions import portbindings, provider_net
from neutron_lib.plugins import directory
from oslo_utils import timeutils

from polyvisor.neutron.connection import connect
from polyvisor.neutron.db import port_group as table
from polyvisor.neutron.distributed_switch import DistributedSwitches
from polyvisor.neutron.mech_base import VMwareMechanismDriver
from polyvisor.neutron.reconcile import reconcilers
from tests.functional.conftest import VCenter
from tests.functional.neutron.independent import client


def write_config(  # noqa: PLR0917 - the sections
    password_file: Path,
    vcenter: VCenter,
    computes: dict[str, str],
    common: dict[str, Any],
    vcenter_options: dict[str, Any],
    network_type: str = "vlan",
    more: dict[str, dict[str, Any]] | None = None,
) -> Path:
    """Write the drivers' options as an operator would: compute host -> cluster, or cluster/vss.

    `more` are options of any section.
    """
    password_file.write_text(vcenter.password + "\n")
    sections: dict[str, dict[str, Any]] = {
        "ml2": {"project_network_types": network_type},
        "ml2_vmware": {"deployment_id": "test", "security_groups": "ignore", "unused_grace": 0} | common,
        "vmware_vcenter:vc1": {
            "host": vcenter.host,
            "port": vcenter.port,
            "username": vcenter.username,
            "password_file": password_file,
            "ca_file": vcenter.ca_file,
            "connect_timeout": 5,
            "call_timeout": 10,
        }
        | vcenter_options,
    }
    for host, place in computes.items():
        cluster, _, switch_type = place.partition("/")
        sections[f"vmware_compute:{host}"] = {
            "vcenter": "vc1",
            "datacenter": "dc1",
            "cluster": cluster,
            "switch_type": switch_type or "dvs",
            "physnet_mappings": "physnet1:vSwitch0" if switch_type == "vss" else "physnet1:dvs1",
        }
    for section, options in (more or {}).items():
        sections[section] = sections.get(section, {}) | options
    config = password_file.with_name("ml2_conf.ini")
    with config.open("w") as file:
        for section, options in sections.items():
            file.write(f"[{section}]\n")
            file.writelines(f"{name} = {value}\n" for name, value in options.items())
    return config


def open_vswitch_agent(host: str) -> dict[str, Any]:
    """What the Open vSwitch agent of a KVM host with physnet1 reports."""
    return {
        "binary": "neutron-openvswitch-agent",
        "host": host,
        "topic": "N/A",
        "agent_type": constants.AGENT_TYPE_OVS,
        "configurations": {"bridge_mappings": {"physnet1": "br-physnet1"}, "tunnel_types": []},
        "start_flag": True,
    }


class WithDriver:
    """Put before one of Neutron's test cases: loads the driver as Neutron does, by its entry point.

    Networks are VLANs and `computes` are hosts that the test case binds ports to, so that they reach vCenter.
    """

    _mechanism_drivers: tuple[str, ...] = ("logger", "polyvisor_dvs")
    computes: ClassVar[dict[str, str]] = {"compute1": "cluster1", "compute2": "cluster2"}
    common: ClassVar[dict[str, Any]] = {}
    vcenter_options: ClassVar[dict[str, Any]] = {}
    network_type: ClassVar[str] = "vlan"
    vcenter: VCenter
    password_file: Path

    @pytest.fixture
    def more(self) -> dict[str, dict[str, Any]]:
        """Options of any section, over those that are made of the above."""
        return {}

    @pytest.fixture(autouse=True)
    def _configure(
        self,
        running_vcenter: VCenter,
        more: dict[str, dict[str, Any]],
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        self.vcenter = running_vcenter
        self.password_file = tmp_path / "password"
        config = write_config(
            self.password_file,
            self.vcenter,
            self.computes,
            self.common,
            self.vcenter_options,
            self.network_type,
            more,
        )
        monkeypatch.setitem(neutron_db.test_lib.test_config, "config_files", [str(config)])

    @property
    def mech(self) -> VMwareMechanismDriver:
        return self.mechs()[0]

    def mechs(self) -> list[VMwareMechanismDriver]:
        drivers = directory.get_plugin().mechanism_manager.ordered_mech_drivers
        return [driver.obj for driver in drivers if isinstance(driver.obj, VMwareMechanismDriver)]


OWNER = "compute:nova"


class Binding(WithDriver, test_plugin.Ml2PluginV2TestCase):
    """What the tests below have in common; has none of its own."""

    def setUp(self) -> None:
        super().setUp()
        # The test case replaces the callback registry, so what frees a network's VLAN must subscribe again.
        segments_db.subscribe()
        self.plugin = directory.get_plugin()
        self.admin = context.get_admin_context()
        vcenter = client(self.vcenter)
        self.seen = vcenter.__enter__()
        self.addCleanup(vcenter.__exit__, None, None, None)

    def vlan_network(self, vlan_id: int, physnet: str = "physnet1") -> Any:
        """Make a network with a subnet on this VLAN; give its id."""
        return self._provider_network(
            {
                provider_net.NETWORK_TYPE: "vlan",
                provider_net.PHYSICAL_NETWORK: physnet,
                provider_net.SEGMENTATION_ID: vlan_id,
            }
        )

    def flat_network(self) -> Any:
        """Make the flat network of physnet1, with a subnet; give its id."""
        return self._provider_network(
            {provider_net.NETWORK_TYPE: "flat", provider_net.PHYSICAL_NETWORK: "physnet1"}
        )

    def kvm_agent(self, host: str) -> None:
        """Report an Open vSwitch agent, as the real one does, on a host with physnet1."""
        self.plugin.create_or_update_agent(self.admin, open_vswitch_agent(host), timeutils.utcnow())

    def _provider_network(self, provider: dict[str, Any]) -> Any:
        network = self._make_network(
            self.fmt, "net", True, as_admin=True, arg_list=tuple(provider), **provider
        )
        self._make_subnet(self.fmt, network, "10.0.0.1", "10.0.0.0/24", as_admin=True)
        return network["network"]["id"]

    def port_on(self, network_id: str, host: str = "compute1", **attributes: Any) -> dict[str, Any]:
        """Make a port as Nova does, on a compute host; give it as it is after the binding."""
        attributes = {portbindings.HOST_ID: host, "device_owner": OWNER, **attributes}
        made = self._make_port(
            self.fmt, network_id, as_admin=True, arg_list=(portbindings.HOST_ID, *attributes), **attributes
        )
        return self._show("ports", made["port"]["id"], as_admin=True)["port"]

    def on_bindings(self, method: str, port_id: str, **call: Any) -> Any:
        """Make, activate or delete one of several bindings of a port, as Nova does."""
        request = self._service_req(method, "ports", id=port_id, subresource="bindings", **call)
        response = request.get_response(self.api)
        assert response.status_int < webob.exc.HTTPBadRequest.code, response.text
        return response.json if response.body else None

    def connect_by_nova(self, *nics: tuple[Any, dict[str, Any]], stock: bool = False) -> list[Any]:
        """Give VMs a NIC for a port each, as nova-compute does; give the backings of the NICs."""
        names = ("host", "port", "username", "password", "ca_file")
        asked = {
            "vcenter": {name: getattr(self.vcenter, name) for name in names},
            "stock": stock,
            "nics": [
                {"vm": vm._moId, "cluster": vm.runtime.host.parent._moId, "port": port} for vm, port in nics
            ],
        }
        subprocess.run(
            [sys.executable, Path(__file__).with_name("nova_nic.py")],
            input=json.dumps(asked),
            text=True,
            check=True,
            timeout=120,
        )
        return [_nic(vm, port["mac_address"]).backing for vm, port in nics]

    def rows(self, network_id: str) -> list[table.Row]:
        return table.list_of_network(self.admin, network_id)

    def reconcile(self) -> None:
        """Compare twice, as a port group must have been seen unused before it is removed."""
        for driver in self.mechs():
            for reconciler in reconcilers(driver.switches, connect, driver.name):
                reconciler.run()
                reconciler.run()
                reconciler.release()

    def mark(self, network_id: str) -> str:
        """What the description of a distributed port group of ours says."""
        switches = next(driver.switches for driver in self.mechs() if driver.switches.marks)
        assert isinstance(switches, DistributedSwitches)
        return switches.mark(network_id)

    def delete_all(self, network_id: str) -> None:
        for port in self.plugin.get_ports(self.admin, filters={"network_id": [network_id]}):
            self.plugin.delete_port(self.admin, port["id"])
        self.plugin.delete_network(self.admin, network_id)


def _nic(vm: Any, mac_address: str) -> Any:
    nics = [device for device in vm.config.hardware.device if hasattr(device, "macAddress")]
    return next(nic for nic in nics if nic.macAddress == mac_address)
