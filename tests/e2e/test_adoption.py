"""A plan for the VMs that vCenter has, compared with a real OpenStack."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from polyvisor.sandbox import configuration

SECONDS = 120
VMS = 6
PLENTY = {"instances": 100, "cores": 1000, "ram": 1_000_000}
RULES = """
switches:
- {switch: dvs1, physical_network: physnet1}
- {switch: vSwitch0, physical_network: physnet2}
subnets:
- {physical_network: physnet1, vlan: 30, cidr: 10.0.0.0/15}
- {physical_network: physnet1, vlan: 40, cidr: 10.0.0.0/15}
- {physical_network: physnet2, vlan: 10, cidr: 10.0.0.0/15}
- {physical_network: physnet2, vlan: 20, cidr: 10.0.0.0/15}
servers:
- {rule: what was there, match: {name: "app-.*"}, adopt: true, project: demo}
"""


@pytest.fixture
def adopt(lab: Any, tmp_path: Path) -> Callable[..., Any]:
    """`polyvisor adopt`, as a person in the sandbox's environment uses it; gives what it prints as JSON."""
    (tmp_path / "rules.yaml").write_text(RULES)

    def run(*words: str) -> Any:
        done = subprocess.run(
            [Path(sys.prefix) / "bin" / "polyvisor", "adopt", *words, "--format", "json"],
            cwd=tmp_path,
            env=os.environ | configuration.client_environment(lab.settings, "admin"),
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return run


@pytest.fixture
def quota(lab: Any) -> Iterator[Callable[..., None]]:
    """Set quotas of the tenant; afterwards they are as before."""
    project = lab.admin.identity.find_project("demo").id
    before = lab.admin.compute.get_quota_set(project)
    yield lambda **limits: lab.admin.compute.update_quota_set(project, **limits)
    lab.admin.compute.update_quota_set(project, **{name: getattr(before, name) for name in PLENTY})


def test_a_plan_compares_with_openstack(
    lab: Any, servers: list[Any], adopt: Callable[..., Any], quota: Callable[..., None]
) -> None:
    quota(**PLENTY)
    servers.append(lab.build())
    assert adopt("discover", "-o", "found")["vms"] > VMS
    adopt("plan", "found", "--rules", "rules.yaml", "--plan", "plan.yaml")
    ready = adopt("show", "plan.yaml", "--state", "ready")["servers"]
    assert {server["compute"] for server in ready} <= {"compute1", "compute2"}
    assert {server["vm"]["power"] for server in ready} == {"poweredOn"}
    blocked = {
        row["instance_uuid"]: row for row in adopt("show", "plan.yaml", "--state", "blocked")["servers"]
    }
    own = blocked[servers[0].id]
    assert {"already-adopted", "mac-duplicate"} <= {finding["check"] for finding in own["findings"]}
    assert [port["network"] for port in own["ports"]] == ["vlan-net"]


def test_all_vms_of_a_project_without_room_are_left_alone(
    adopt: Callable[..., Any], quota: Callable[..., None]
) -> None:
    quota(**PLENTY | {"instances": 2})
    adopt("discover", "-o", "found")
    made = adopt("plan", "found", "--rules", "rules.yaml", "--plan", "plan.yaml")
    assert made["findings"]["quota"] >= VMS
    assert "ready" not in made["states"]
