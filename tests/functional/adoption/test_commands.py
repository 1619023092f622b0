"""`polyvisor adopt` on a simulated vCenter, as a person uses it."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from polyvisor.adoption import discovery
from polyvisor.adoption.discovery import Discovery
from polyvisor.adoption.discovery import VCenter as DiscoveredVCenter
from tests.functional.conftest import StartVCenter, VCenter

POLYVISOR = Path(sys.executable).with_name("polyvisor")
SECONDS = 240
RULES = """
switches:
- {switch: dvs1, physical_network: physnet1}
- {switch: vSwitch0, physical_network: physnet2}
servers:
- rule: everything
  match: {name: "app-.*"}
  adopt: true
  project: demo
"""
VCENTER = DiscoveredVCenter("11111111-1111-1111-1111-111111111111", "vc", "8", "me", "2026-11-22", {})
CLOUDS = """
clouds:
  away:
    auth: {auth_url: "http://127.0.0.1:1/v3", username: a, password: b, project_name: c}
"""


@dataclass(frozen=True)
class Adopt:
    """The command, in a folder of its own."""

    folder: Path
    environment: Mapping[str, str]

    def run(self, *words: str, code: int = 0) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [POLYVISOR, "adopt", *words],
            cwd=self.folder,
            env={**os.environ, **self.environment},
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        assert done.returncode == code, done.stderr
        return done

    def json(self, *words: str, code: int = 0) -> Any:
        return json.loads(self.run(*words, "--format", "json", code=code).stdout)


@pytest.fixture(scope="module")
def vcenter(module_vcenter: StartVCenter) -> VCenter:
    return module_vcenter("-vms", "30")


@pytest.fixture
def adopt(vcenter: VCenter, tmp_path: Path) -> Adopt:
    (tmp_path / "password").write_text(vcenter.password + "\n")
    (tmp_path / "clouds.yaml").write_text(CLOUDS)
    (tmp_path / "wrong").write_text("guess")
    (tmp_path / "rules.yaml").write_text(RULES)
    environment = {
        "OS_CLIENT_CONFIG_FILE": "clouds.yaml",
        "POLYVISOR_VCENTER": f"{vcenter.host}:{vcenter.port}",
        "POLYVISOR_VCENTER_USERNAME": vcenter.username,
        "POLYVISOR_VCENTER_PASSWORD_FILE": "password",
        "POLYVISOR_VCENTER_CA_FILE": vcenter.ca_file,
    }
    return Adopt(tmp_path, environment)


def test_from_vcenter_to_a_plan(adopt: Adopt, vcenter: VCenter) -> None:
    found = adopt.json("discover", "-o", "found")
    assert (found["vms"], found["missing_privileges"]) == (30, {})
    made = adopt.json("plan", "found", "--rules", "rules.yaml", "--plan", "plan.yaml", "--offline")
    assert sum(made["states"].values()) == 30
    assert {network["network"] for network in made["networks"]} == {
        *("physnet1-vlan-30", "physnet1-vlan-40"),
        *("physnet2-vlan-10", "physnet2-vlan-20"),
    }
    again = adopt.json("plan", "found", "--rules", "rules.yaml", "--plan", "plan.yaml", "--offline")
    assert again == made
    [server] = adopt.json("show", "plan.yaml", "--vm", "app-003")["servers"]
    assert (server["server"], server["vm"]["path"]) == ("app-003", "/dc1/vm/app-003")
    assert vcenter.password not in (adopt.folder / "plan.yaml").read_text()


def test_tables_for_people(adopt: Adopt) -> None:
    assert "30 VMs" in adopt.run("discover", "-o", "found").stderr
    told = adopt.run("plan", "found", "--plan", "plan.yaml", "--offline", "--exit-code", code=3)
    assert "30 undecided" in told.stderr
    assert told.stdout == ""
    assert "app-003" in adopt.run("show", "plan.yaml", "--state", "undecided").stdout
    assert "fault-tolerance" in adopt.run("checks").stdout


def test_vms_that_were_copied_into_another_vcenter_are_caught(
    adopt: Adopt, module_vcenter: StartVCenter
) -> None:
    # The same seed: the same UUIDs, MAC addresses and names, as after a restore elsewhere.
    uuids = {"first": VCENTER.uuid, "second": VCENTER.uuid.replace("1", "2")}
    both = {name: module_vcenter("-vms", "2", "-instance-uuid", uuid) for name, uuid in uuids.items()}
    for name, one in both.items():
        (adopt.folder / "secret").write_text(one.password)
        at = {"POLYVISOR_VCENTER": f"{one.host}:{one.port}", "POLYVISOR_VCENTER_PASSWORD_FILE": "secret"}
        Adopt(adopt.folder, {**adopt.environment, **at}).run("discover", "-o", name)
    adopt.run("plan", "first", "second", "--rules", "rules.yaml", "--plan", "plan.yaml", "--offline")
    for check in ("instance-uuid-duplicate", "mac-duplicate", "moref-duplicate"):
        found = adopt.json("show", "plan.yaml", "--check", check)["servers"]
        assert sorted(server["server"] for server in found) == ["app-001"] * 2 + ["app-002"] * 2
    told = adopt.run("show", "plan.yaml", "--vm", f"{VCENTER.uuid}:{found[0]['id'].partition(':')[2]}").stdout
    other = f"{both['second'].host}:{both['second'].port}"
    assert f"is that of {other}{found[0]['vm']['path']} too" in " ".join(told.split())
    assert "MAC addresses of its own" in " ".join(told.split())
    refused = adopt.run("apply", "plan.yaml", "--vm", "app-001", code=1).stderr
    assert "the plan has 2 VMs named app-001; give the id of one" in " ".join(refused.split())


def test_a_plan_does_not_go_stale(adopt: Adopt) -> None:
    adopt.run("discover", "-o", "found")
    adopt.run("plan", "found", "--rules", "rules.yaml", "--plan", "plan.yaml", "--offline")
    plan = adopt.folder / "plan.yaml"
    plan.write_text(plan.read_text().replace("server: app-003\n", "server: webshop  # Ann's\n"))
    adopt.run("plan", "found", "--rules", "rules.yaml", "--plan", "plan.yaml", "--offline")
    assert "server: webshop  # Ann's\n" in plan.read_text()


@pytest.mark.parametrize(
    ("words", "changes", "says"),
    [
        (
            ("discover", "-o", "found"),
            {"POLYVISOR_VCENTER_PASSWORD_FILE": "wrong"},
            "Login failure|incorrect",
        ),
        (("discover", "-o", "found"), {"POLYVISOR_VCENTER": "127.0.0.1:1"}, "Connection refused"),
        (("discover", "-o", "no/folder"), {}, "no/folder cannot be written"),
        (("plan", "rules.yaml", "--plan", "p", "--offline"), {}, "rules.yaml cannot be read as a discovery"),
        (("show", "rules.yaml"), {}, "rules.yaml, line 2"),
        (("plan", "found", "--plan", "p", "--os-cloud", "nobody"), {}, "OpenStack: .*nobody"),
        (
            ("plan", "found", "--plan", "p", "--os-cloud", "away"),
            {},
            "OpenStack cannot be read: .*127.0.0.1:1",
        ),
    ],
)
def test_what_goes_wrong_is_said(
    adopt: Adopt, words: tuple[str, ...], changes: dict[str, str], says: str
) -> None:
    discovery.save(Discovery(VCENTER, {}, (), {}, {}, ()), adopt.folder / "found")
    other = Adopt(adopt.folder, {**adopt.environment, **changes})
    told = other.run(*words, code=1)
    assert re.search(says, told.stderr), told.stderr
    assert "Traceback" not in told.stderr
