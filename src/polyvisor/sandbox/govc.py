"""What vCenter says, asked with govc: a client that shares no code with Polyvisor."""

from __future__ import annotations

import json
import os
import subprocess
from typing import Any

from polyvisor.sandbox import configuration, inventory
from polyvisor.sandbox.inventory import VCenter
from polyvisor.sandbox.settings import Settings

CALL_SECONDS = 60


class GovcError(Exception):
    """govc failed; the message is its own."""


def run(settings: Settings, *arguments: str, vcenter: VCenter = inventory.FIRST_VCENTER) -> str:
    """Run one govc command against a vCenter of the sandbox and return what it printed. Raises GovcError."""
    environment = os.environ | configuration.client_environment(settings, "admin", vcenter)
    command = [str(settings.binaries / "govc"), *arguments]
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=CALL_SECONDS, check=False
    )
    if done.returncode:
        raise GovcError(f"govc {' '.join(arguments)}: {done.stderr.strip()}")
    return done.stdout


def vm_paths(settings: Settings, server_id: str) -> list[str]:
    """Inventory paths of the VMs that carry a server's id: one, or none."""
    return run(settings, "find", "/", "-type", "m", "-config.instanceUuid", server_id).splitlines()


def vm_host_and_datastores(settings: Settings, server_id: str) -> tuple[str, list[str]]:
    """Names of the ESXi host that runs a server's VM, and of the datastores it is on."""
    (path,) = vm_paths(settings, server_id)
    found = properties(settings, path, "runtime.host", "datastore")
    host = properties(settings, _reference(found["runtime.host"]), "name")["name"]
    datastores = found["datastore"].get("_value", found["datastore"])
    return host, [properties(settings, _reference(one), "name")["name"] for one in datastores]


def port_group_vlan(settings: Settings, path: str) -> int:
    """VLAN id of a distributed port group."""
    config = properties(settings, path, "config.defaultPortConfig")["config.defaultPortConfig"]
    return int(config["vlan"]["vlanId"])


def properties(settings: Settings, target: str, *names: str) -> dict[str, Any]:
    """Named properties of the managed object at an inventory path or reference."""
    changes = json.loads(run(settings, "object.collect", "-json", target, *names))
    return {change["name"]: change["val"] for change in changes}


def _reference(value: dict[str, str]) -> str:
    return f"{value['type']}:{value['value']}"
