"""A plan for the VMs that vCenter has, compared with a real OpenStack."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from polyvisor.sandbox import configuration

SECONDS = 120
RULES = """
switches:
- {switch: dvs1, physical_network: physnet1}
- {switch: vSwitch0, physical_network: physnet2}
subnets:
- {physical_network: physnet1, vlan: 30, cidr: 10.0.0.0/15}
- {physical_network: physnet1, vlan: 40, cidr: 10.0.0.0/15}
- {physical_network: physnet2, vlan: 10, cidr: 10.0.0.0/15}
- {physical_network: physnet2, vlan: 20, cidr: 10.0.0.0/15}
networks:
- {physical_network: physnet1, vlan: 30, accept: {address-in-pool: none}}
servers:
- {rule: everything, match: {name: "app-.*"}, adopt: true, project: demo}
- {rule: what Nova made, adopt: false}
"""


def adopt(lab: Any, folder: Path, *words: str) -> Any:
    """Run `polyvisor adopt` as a person in the sandbox's environment would; give what it prints as JSON."""
    done = subprocess.run(
        [Path(sys.prefix) / "bin" / "polyvisor", "adopt", *words, "--format", "json"],
        cwd=folder,
        env=os.environ | configuration.client_environment(lab.settings, "admin"),
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_a_plan_compares_with_openstack(lab: Any, servers: list[Any], tmp_path: Path) -> None:
    server = lab.build()
    servers.append(server)
    (tmp_path / "rules.yaml").write_text(RULES.replace("adopt: false", "adopt: true, project: demo"))
    assert adopt(lab, tmp_path, "discover", "-o", "found")["vms"] >= 7
    adopt(lab, tmp_path, "plan", "found", "--rules", "rules.yaml", "--plan", "plan.yaml")
    shown = adopt(lab, tmp_path, "show", "plan.yaml", "--state", "ready")
    assert shown["states"]["ready"] >= 1
    computes = {row["compute"] for row in shown["servers"]}
    assert computes <= {"compute1", "compute2"}
    everything = {
        row["instance_uuid"]: row
        for row in adopt(lab, tmp_path, "show", "plan.yaml", "--state", "blocked")["servers"]
    }
    own = everything[server.id]
    assert {"already-adopted", "mac-duplicate"} <= {finding["check"] for finding in own["findings"]}


def test_quotas_are_counted(lab: Any, tmp_path: Path) -> None:
    project = lab.admin.identity.find_project("demo").id
    before = lab.admin.compute.get_quota_set(project).instances
    (tmp_path / "rules.yaml").write_text(RULES)
    adopt(lab, tmp_path, "discover", "-o", "found")
    lab.admin.compute.update_quota_set(project, instances=2)
    try:
        made = adopt(lab, tmp_path, "plan", "found", "--rules", "rules.yaml", "--plan", "plan.yaml")
    finally:
        lab.admin.compute.update_quota_set(project, instances=before)
    assert made["findings"]["quota"] == 6
    assert "ready" not in made["states"]
