"""Neutron's own ML2 test cases with the driver loaded, against a running vCenter simulator."""

from pathlib import Path
from typing import Any, ClassVar

import pytest
from neutron.tests.common import test_db_base_plugin_v2 as neutron_db
from neutron_lib.plugins import directory

from polyvisor.neutron.mech_dvs import DistributedSwitchDriver
from tests.functional.conftest import VCenter


def write_config(
    password_file: Path,
    vcenter: VCenter,
    computes: dict[str, str],
    common: dict[str, Any],
    vcenter_options: dict[str, Any],
) -> Path:
    """Write the driver's options as an operator would: compute host -> cluster, all on one switch."""
    password_file.write_text(vcenter.password + "\n")
    sections: dict[str, dict[str, Any]] = {
        "ml2": {"project_network_types": "vlan"},
        "ml2_vmware": {"deployment_id": "test", "security_groups": "ignore"} | common,
        "vmware_vcenter:vc1": {
            "host": vcenter.host,
            "port": vcenter.port,
            "username": vcenter.username,
            "password_file": password_file,
            "ca_file": vcenter.ca_file,
            "connect_timeout": 2,
            "call_timeout": 3,
        }
        | vcenter_options,
    }
    for host, cluster in computes.items():
        sections[f"vmware_compute:{host}"] = {
            "vcenter": "vc1",
            "datacenter": "dc1",
            "cluster": cluster,
            "physnet_mappings": "physnet1:dvs1",
        }
    config = password_file.with_name("ml2_conf.ini")
    with config.open("w") as file:
        for section, options in sections.items():
            file.write(f"[{section}]\n")
            file.writelines(f"{name} = {value}\n" for name, value in options.items())
    return config


class WithDriver:
    """Put before one of Neutron's test cases: loads the driver as Neutron does, by its entry point.

    Networks are VLANs and `computes` are hosts that the test case binds ports to, so that they reach vCenter.
    """

    _mechanism_drivers = ("logger", "polyvisor_dvs")
    computes: ClassVar[dict[str, str]] = {"compute1": "cluster1", "compute2": "cluster2"}
    common: ClassVar[dict[str, Any]] = {}
    vcenter_options: ClassVar[dict[str, Any]] = {}
    vcenter: VCenter
    password_file: Path

    @pytest.fixture(autouse=True)
    def _configure(self, running_vcenter: VCenter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.vcenter = running_vcenter
        self.password_file = tmp_path / "password"
        config = write_config(
            self.password_file, self.vcenter, self.computes, self.common, self.vcenter_options
        )
        monkeypatch.setitem(neutron_db.test_lib.test_config, "config_files", [str(config)])

    @property
    def mech(self) -> DistributedSwitchDriver:
        drivers = directory.get_plugin().mechanism_manager.mech_drivers
        driver = drivers["polyvisor_dvs"].obj
        assert isinstance(driver, DistributedSwitchDriver)
        return driver
