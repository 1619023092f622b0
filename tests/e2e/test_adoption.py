"""What vCenter has becomes servers by a plan, is compared, and is let go of as it was found."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from polyvisor.sandbox import configuration, programs
from polyvisor.vsphere import fingerprint
from polyvisor.vsphere.session import Session
from tests.e2e.test_volume import give_admin_a_role_in

SECONDS = 400
VMS = 6
#: Seconds after which what a killed service took with it is begun anew.
PATIENCE = "60"
#: What is between `apply` and a VM.
SERVICES = (
    "nova-compute1",
    "nova-compute2",
    "nova-scheduler",
    "nova-conductor",
    "nova",
    "neutron",
    "cinder",
    "cinder-scheduler",
    "cinder-volume",
    "placement",
    "glance",
    "keystone",
    "rabbitmq",
    "mariadb",
)
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


#: Only the distributed switch is Neutron's in the sandbox.
BROWNFIELD = """
switches:
- {switch: dvs1, physical_network: physnet1}
networks:
- {physical_network: physnet1, vlan: 30, project: demo}
- {physical_network: physnet1, vlan: 40, project: demo}
subnets:
- {physical_network: physnet1, vlan: 30, cidr: 10.0.0.0/15}
- {physical_network: physnet1, vlan: 40, cidr: 10.0.0.0/15}
servers:
- rule: what was there
  match: {name: "app-00[1-6]"}
  adopt: true
  project: demo
  accept: {switch-unmapped: NICs on the standard switch stay with vCenter}
"""


@pytest.fixture
def adopt(lab: Any, tmp_path: Path) -> Callable[..., Any]:
    """`polyvisor adopt`, as a person in the sandbox's environment uses it; gives what it prints as JSON."""
    (tmp_path / "rules.yaml").write_text(RULES)
    (tmp_path / "brownfield.yaml").write_text(BROWNFIELD)
    (tmp_path / "everything.yaml").write_text(BROWNFIELD.replace("app-00[1-6]", "app-.*"))

    def run(*words: str, code: int = 0) -> Any:
        done = subprocess.run(
            [Path(sys.prefix) / "bin" / "polyvisor", "adopt", *words, "--format", "json"],
            cwd=tmp_path,
            env=os.environ | configuration.client_environment(lab.settings, "admin"),
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        assert done.returncode == code, done.stdout + done.stderr
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
    # Neutron is configured for the distributed switch alone.
    on_standard = [row for row in blocked.values() if "vSwitch0/" in str(row["vm"]["nics"])]
    found = [{finding["check"] for finding in row["findings"]} for row in on_standard]
    assert found
    assert all("switch-mismatch" in checks for checks in found)


def test_all_vms_of_a_project_without_room_are_left_alone(
    adopt: Callable[..., Any], quota: Callable[..., None]
) -> None:
    quota(**PLENTY | {"instances": 2})
    adopt("discover", "-o", "found")
    made = adopt("plan", "found", "--rules", "rules.yaml", "--plan", "plan.yaml")
    assert made["findings"]["quota"] >= VMS
    assert "ready" not in made["states"]


class Brownfield:
    """The VMs that were there, as vCenter has them."""

    def __init__(self, lab: Any, session: Session) -> None:
        self._lab, self._session = lab, session
        self.project = lab.admin.identity.find_project("demo").id

    def prints(self, servers: list[Any]) -> dict[str, dict[str, str]]:
        morefs = [server["id"].partition(":")[2] for server in servers]
        return {key: item.values for key, item in fingerprint.read(self._session, morefs).items()}

    def traces(self) -> dict[str, int]:
        """How much there is in OpenStack."""
        admin, project = self._lab.admin, self.project
        return {
            "servers": len(list(admin.compute.servers(all_projects=True, project_id=project))),
            "ports": len([item for item in admin.network.ports(project_id=project) if item.description]),
            "networks": len(list(admin.network.networks(project_id=project))),
            "flavors": len(list(admin.compute.flavors(is_public=None))),
            "volumes": len(list(admin.block_storage.volumes(all_projects=True))),
        }


@pytest.fixture
def brownfield(
    lab: Any, adopt: Callable[..., Any], quota: Callable[..., None], session: Session, tmp_path: Path
) -> Iterator[Brownfield]:
    """A plan of the brownfield VMs, plan.yaml. Afterwards nothing of it is left in OpenStack."""
    quota(**PLENTY)
    give_admin_a_role_in(lab, "demo")
    adopt("discover", "-o", "found")
    adopt("plan", "found", "--rules", "brownfield.yaml", "--plan", "plan.yaml")
    made = Brownfield(lab, session)
    before = made.traces()
    yield made
    if (tmp_path / "plan.yaml.journal").exists():
        adopt("release", "plan.yaml")
    assert made.traces() == before


def test_applied_changed_by_others_verified_and_released(
    lab: Any, adopt: Callable[..., Any], brownfield: Brownfield, tmp_path: Path
) -> None:
    ready = adopt("show", "plan.yaml", "--state", "ready")["servers"]
    before, nothing = brownfield.prints(ready), brownfield.traces()
    assert len(adopt("apply", "plan.yaml", "--dry-run")["waiting"]) == len(ready)
    assert brownfield.traces() == nothing

    done = adopt("apply", "plan.yaml")
    assert (set(done["adopted"]), done["changed"]) == ({item["id"] for item in ready}, {})
    assert brownfield.traces()["volumes"] >= 1
    pools = lab.admin.block_storage.get("/scheduler-stats/get_pools?detail=true").json()["pools"]
    assert [pool["capabilities"]["vcenter_uuid"] for pool in pools] == [lab.settings.vcenter_uuid]
    assert {row["state"] for row in adopt("status", "plan.yaml")["vms"]} >= {"adopted"}
    assert adopt("apply", "plan.yaml")["adopted"] == done["adopted"]
    assert adopt("verify", "plan.yaml")["differences"] == []

    vm, other = (item["vm"]["path"] for item in ready[:2])
    lab.govc("object.rename", vm, "renamed")
    lab.govc("snapshot.create", "-vm", other, "by-hand")
    lab.govc("vm.power", "-off", "-force", other)
    told = adopt("verify", "plan.yaml", code=3)["differences"]
    assert {"name", "snapshot"} <= {item["field"] for item in told}
    assert [item["drift"] for item in told if item["field"] == "snapshot"] == [False]
    lab.govc("object.rename", vm.replace(vm.rpartition("/")[2], "renamed"), vm.rpartition("/")[2])
    lab.govc("snapshot.remove", "-vm", other, "by-hand")
    lab.govc("vm.power", "-on", other)

    first = ready[0]["id"]
    assert adopt("release", "plan.yaml", "--vm", first)["released"] == [first]
    released = adopt("release", "plan.yaml")
    assert (released["left"], released["changed"]) == ({}, {})
    assert brownfield.prints(ready) == before
    assert brownfield.traces() == nothing
    secrets = (tmp_path / "plan.yaml.log").read_text()
    assert lab.settings.secrets["vcenter"] not in secrets


def test_apply_that_was_killed_goes_on(
    lab: Any, adopt: Callable[..., Any], brownfield: Brownfield, tmp_path: Path, faults: Callable[..., None]
) -> None:
    ready = adopt("show", "plan.yaml", "--state", "ready")["servers"]
    before = brownfield.prints(ready)
    log = tmp_path / "plan.yaml.log"
    command = [str(Path(sys.prefix) / "bin" / "polyvisor"), "adopt", "apply", "plan.yaml"]
    environment = os.environ | configuration.client_environment(lab.settings, "admin")
    with subprocess.Popen(command, cwd=tmp_path, env=environment, stderr=subprocess.DEVNULL) as running:
        lab.until(lambda: log.exists() and "asking Nova" in log.read_text(), "Nova to be asked", SECONDS)
        with pytest.raises(AssertionError, match="being applied"):
            adopt("apply", "plan.yaml")
        os.kill(running.pid, signal.SIGKILL)
    done = adopt("apply", "plan.yaml")
    assert set(done["adopted"]) == {item["id"] for item in ready}
    assert brownfield.traces()["servers"] == len(ready)
    assert adopt("verify", "plan.yaml")["differences"] == []
    assert adopt("release", "plan.yaml")["changed"] == {}
    assert brownfield.prints(ready) == before


class Applying:
    """`polyvisor adopt apply` in the background, which is begun again whenever it has ended."""

    def __init__(self, lab: Any, folder: Path) -> None:
        self._lab, self._folder = lab, folder
        self._log = folder / "plan.yaml.log"
        self._running: subprocess.Popen[bytes] | None = None

    def asks_nova(self) -> None:
        """Wait until one more VM is under way."""
        before = self._asked()

        def asked() -> bool:
            if self._running is None or self._running.poll() is not None:
                self.begin()
            return self._asked() > before

        self._lab.until(asked, "Nova to be asked for one more VM", SECONDS)

    def kill(self) -> None:
        """End it at once, whatever it is doing."""
        if self._running:
            self._running.kill()
            self._running.wait()

    def begin(self) -> None:
        """Begin it."""
        # Few at a time, so that there are some for each service that is killed.
        words = ("adopt", "apply", "plan.yaml", "--parallel", "2", "--patience", PATIENCE)
        self._running = subprocess.Popen(
            [Path(sys.prefix) / "bin" / "polyvisor", *words],
            cwd=self._folder,
            env=os.environ | configuration.client_environment(self._lab.settings, "admin"),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def _asked(self) -> int:
        return self._log.read_text().count("asking Nova") if self._log.exists() else 0


def kill(lab: Any, name: str) -> None:
    """End a program of the sandbox as a power failure would, and wait until it serves again."""
    program = next(each for each in programs.every(lab.settings) if each.name == name)
    parent = psutil.Process(lab.supervisor.states()[name]["pid"])
    for process in (parent, *parent.children(recursive=True)):
        process.kill()
    psutil.wait_procs([parent], timeout=SECONDS)
    lab.supervisor.wait(program, lambda _: None)


@pytest.fixture
def applying(lab: Any, brownfield: Brownfield, tmp_path: Path) -> Iterator[Applying]:
    made = Applying(lab, tmp_path)
    yield made
    made.kill()


@pytest.mark.timeout(900)  # on a busy machine
def test_whatever_is_killed_one_more_apply_completes(
    lab: Any, adopt: Callable[..., Any], brownfield: Brownfield, applying: Applying
) -> None:
    adopt("plan", "found", "--rules", "everything.yaml", "--plan", "plan.yaml")
    ready = adopt("show", "plan.yaml", "--state", "ready")["servers"]
    assert len(ready) > len(SERVICES)
    before = brownfield.prints(ready)
    for service in SERVICES:
        applying.asks_nova()
        kill(lab, service)
    applying.asks_nova()
    applying.kill()
    done = adopt("apply", "plan.yaml", "--patience", PATIENCE)
    assert (set(done["adopted"]), done["changed"]) == ({item["id"] for item in ready}, {})
    assert brownfield.traces()["servers"] == len(ready)
    assert adopt("verify", "plan.yaml")["differences"] == []
    released = adopt("release", "plan.yaml")
    assert (released["left"], released["changed"]) == ({}, {})
    assert brownfield.prints(ready) == before


@pytest.mark.timeout(900)  # on a busy machine
def test_cinder_is_killed_while_it_takes_a_disk(
    lab: Any,
    adopt: Callable[..., Any],
    brownfield: Brownfield,
    applying: Applying,
    faults: Callable[..., None],
) -> None:
    ready = adopt("show", "plan.yaml", "--state", "ready")["servers"]
    before = brownfield.prints(ready)
    faults([{"method": "ReconfigVM_Task", "object": "volume-*", "delay": "20s"}])
    applying.begin()
    lab.until(lambda: lab.faults_hit() > 0, "Cinder to take a disk", SECONDS)
    kill(lab, "cinder-volume")
    applying.kill()
    faults([])
    done = adopt("apply", "plan.yaml", "--patience", PATIENCE)
    assert (set(done["adopted"]), done["changed"]) == ({item["id"] for item in ready}, {})
    assert adopt("verify", "plan.yaml")["differences"] == []
    assert adopt("release", "plan.yaml")["changed"] == {}
    assert brownfield.prints(ready) == before


def test_one_that_fails_leaves_nothing(
    adopt: Callable[..., Any], brownfield: Brownfield, faults: Callable[..., None]
) -> None:
    ready = adopt("show", "plan.yaml", "--state", "ready")["servers"]
    before, bad = brownfield.prints(ready), ready[0]
    # The ticket is written, and taking the VM over fails.
    rule = {"method": "ReconfigVM_Task", "object": bad["vm"]["path"].rpartition("/")[2], "skip": 1}
    faults([{**rule, "fault": "GenericVmConfigFault", "count": 1}])
    done = adopt("apply", "plan.yaml", code=3)
    assert list(done["failed"]) == [bad["id"]]
    assert (done["left"], len(done["adopted"])) == ({}, len(ready) - 1)
    # The second where Placement was busy while Nova gave up: it then says what it did, and not why.
    assert re.search("GenericVmConfigFault|Exceeded maximum", done["failed"][bad["id"]])
    assert brownfield.prints([bad]) == {key: before[key] for key in brownfield.prints([bad])}
    faults([])
    assert len(adopt("apply", "plan.yaml")["adopted"]) == len(ready)
