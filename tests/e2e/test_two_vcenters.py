"""VMs of two vCenters with the same morefs become servers of one OpenStack side by side, not mixed up."""

import dataclasses
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import pytest

from polyvisor.sandbox import configuration, govc, settings, vcenter
from polyvisor.sandbox.inventory import FIRST_VCENTER, SECOND_VCENTER, VCENTERS, VCenter
from polyvisor.vsphere import fingerprint
from polyvisor.vsphere.session import Session
from tests.e2e.conftest import ROOT, Lab, run_polyvisor
from tests.e2e.test_adoption import PLENTY
from tests.e2e.test_volume import give_admin_a_role_in

SECONDS = 400
#: In the cluster that is managed in both; the first has two NICs, the second a data disk.
RULES = """
switches:
- {{switch: dvs1, physical_network: physnet1}}
networks:
- {{physical_network: physnet1, vlan: 30, project: demo}}
- {{physical_network: physnet1, vlan: 40, project: demo}}
subnets:
- {{physical_network: physnet1, vlan: 30, cidr: 10.0.0.0/14}}
- {{physical_network: physnet1, vlan: 40, cidr: 10.0.0.0/14}}
servers:
- rule: volumes of the second vCenter
  match: {{vcenter: "{second}"}}
  volume_type: vmware2
- rule: in both
  match: {{name: "app-0(02|18)"}}
  adopt: true
  project: demo
"""


class TwoVCenters:
    """The sandbox with both, and the VMs of each as it has them."""

    def __init__(self, lab: Lab, sessions: Mapping[VCenter, Session], folder: Path) -> None:
        self.lab, self._sessions, self._folder = lab, sessions, folder
        self.uuids = {one: lab.settings.instance_uuid(one) for one in VCENTERS}

    def adopt(self, *words: str, of: VCenter = FIRST_VCENTER, code: int = 0) -> Any:
        done = self.run_adopt(*words, "--format", "json", of=of)
        assert done.returncode == code, done.stdout + done.stderr
        return json.loads(done.stdout)

    def run_adopt(self, *words: str, of: VCenter = FIRST_VCENTER) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [Path(sys.prefix) / "bin" / "polyvisor", "adopt", *words],
            cwd=self._folder,
            env=os.environ | configuration.client_environment(self.lab.settings, "admin", of),
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )

    def release(self) -> None:
        """Let OpenStack forget what of the plan is still adopted."""
        if (self._folder / "plan.yaml.journal").exists():
            self.adopt("release", "plan.yaml", "--vcenters", _vcenters(self.lab.settings))

    def govc(self, vcenter: VCenter, *words: str) -> str:
        return govc.run(self.lab.settings, *words, vcenter=vcenter)

    def vm_of(self, vcenter: VCenter, server: str) -> list[str]:
        """Path of the VM that a vCenter has for a server."""
        return self.govc(vcenter, "find", "/", "-type", "m", "-config.instanceUuid", server).splitlines()

    def prints(self, ready: list[Any]) -> dict[str, Any]:
        return {
            f"{self.uuids[one]}:{moref}": found.values
            for one in VCENTERS
            for moref, found in fingerprint.read(self._sessions[one], self._morefs(one, ready)).items()
        }

    def powers(self, ready: list[Any]) -> dict[str, str]:
        return {
            server["id"]: json.loads(
                self.govc(one, "object.collect", "-json", server["vm"]["path"], "runtime.powerState")
            )[0]["val"]
            for one in VCENTERS
            for server in ready
            if server["id"].startswith(self.uuids[one])
        }

    def _morefs(self, vcenter: VCenter, ready: list[Any]) -> list[str]:
        return [server["id"].partition(":")[2] for server in ready if self.uuids[vcenter] in server["id"]]


@pytest.fixture
def two(lab: Lab, tmp_path: Path) -> Iterator[TwoVCenters]:
    """The second vCenter beside the first. Afterwards Nova has it no more, whatever became of the test."""
    with ExitStack() as stack:
        _put_back_afterwards(lab, stack)
        run_polyvisor("up", "--second-vcenter")
        made = settings.load(ROOT)
        assert made is not None
        both = Lab(made)
        sessions = {one: stack.enter_context(closing(vcenter.connect(made, one))) for one in VCENTERS}
        found = TwoVCenters(both, sessions, tmp_path)
        (tmp_path / "rules.yaml").write_text(RULES.format(second=found.uuids[SECOND_VCENTER]))
        stack.callback(found.release)
        yield found


def _put_back_afterwards(lab: Lab, stack: ExitStack) -> None:
    """What other tests rely on; the last is put back first, and each even if one before it fails."""
    give_admin_a_role_in(lab, "demo")
    compute, project = lab.admin.compute, lab.admin.identity.find_project("demo").id
    before = compute.get_quota_set(project)
    stack.callback(compute.update_quota_set, project, **{name: getattr(before, name) for name in PLENTY})
    compute.update_quota_set(project, **PLENTY)
    [cluster] = SECOND_VCENTER.clusters
    stack.callback(_forget_the_second_vcenter)
    stack.callback(lambda: [compute.delete_service(one) for one in compute.services(host=cluster.compute)])
    stack.callback(lab.supervisor.stop, f"nova-{cluster.compute}")
    stack.callback(_release_all_on, lab, cluster.compute)


def _forget_the_second_vcenter() -> None:
    """The next `up` is without it."""
    made = settings.load(ROOT)
    assert made is not None
    settings.save(dataclasses.replace(made, second_vcenter=False))


def _release_all_on(lab: Lab, compute: str) -> None:
    """If the plan could not be released: Nova deletes no compute service that has servers."""
    for server in lab.admin.compute.servers(all_projects=True, compute_host=compute):
        command = ("server", "vmware", "release", "--all-projects", "--wait", server.id)
        done = lab.openstack(*command, as_cloud="admin")
        assert done.returncode == 0, done.stderr


def _vcenters(made: settings.Settings) -> str:
    return str(made.root / "etc" / "vcenters.yaml")


@pytest.mark.timeout(900, func_only=True)  # on a busy machine; fixtures have limits of their own
def test_the_same_morefs_in_two_vcenters(two: TwoVCenters, volumes: Any) -> None:
    lab, both = two.lab, ("--vcenters", _vcenters(two.lab.settings))
    two.adopt("discover", "-o", "first")
    two.adopt("discover", "-o", "second", of=SECOND_VCENTER)
    plan = two.adopt("plan", "first", "second", "--rules", "rules.yaml", "--plan", "plan.yaml")
    ready = two.adopt("show", "plan.yaml", "--state", "ready")["servers"]
    assert len(ready) == 4
    assert len({server["id"].partition(":")[2] for server in ready}) == 2
    assert plan["findings"]["moref-duplicate"] >= len(ready)
    before = two.prints(ready)

    done = two.adopt("apply", "plan.yaml", *both)
    assert (set(done["adopted"]), done["changed"]) == ({server["id"] for server in ready}, {})
    _each_is_where_it_was(two, done["adopted"], ready)
    assert two.adopt("verify", "plan.yaml", *both)["differences"] == []

    first, second = (
        next(s["id"] for s in ready if s["id"].startswith(two.uuids[one]) and s["server"] == "app-002")
        for one in VCENTERS
    )
    assert first.partition(":")[2] == second.partition(":")[2]
    _use(two, done["adopted"], ready, first, second)
    _no_volume_of_the_other(two, volumes, done["adopted"][second])

    ambiguous = two.run_adopt("release", "plan.yaml", "--vm", "app-002", *both)
    assert (ambiguous.returncode, "2 VMs named app-002" in ambiguous.stderr) == (1, True)
    assert two.adopt("release", "plan.yaml", "--vm", first, *both)["released"] == [first]
    assert two.prints(ready)[first] == before[first]
    verified = two.adopt("verify", "plan.yaml", *both)
    assert (verified["servers"], verified["differences"]) == (3, [])
    assert lab.admin.compute.find_server(done["adopted"][second], all_projects=True)

    released = two.adopt("release", "plan.yaml", *both)
    assert (len(released["released"]), released["left"], released["changed"]) == (3, {}, {})
    assert two.prints(ready) == before


def _each_is_where_it_was(two: TwoVCenters, adopted: Mapping[str, str], ready: list[Any]) -> None:
    paths = {server["id"]: server["vm"]["path"] for server in ready}
    pools = set()
    for vm, server in adopted.items():
        for one in VCENTERS:
            there = vm.startswith(two.uuids[one])
            assert two.vm_of(one, server) == ([paths[vm]] if there else [])
        shown = two.lab.admin.compute.get_server(server)
        assert shown.hypervisor_hostname.endswith(vm.partition(":")[0])
        ports = list(two.lab.admin.network.ports(device_id=server))
        assert {port.binding_host_id for port in ports} == {shown.compute_host}
        assert {port.binding_vif_type for port in ports} == {"dvs"}
        pools |= {
            (vm.partition(":")[0], two.lab.admin.block_storage.get_volume(each.id).host)
            for each in two.lab.admin.compute.volume_attachments(server)
        }
    assert pools == {(two.uuids[one], f"{one.volume_service}#{one.name}") for one in VCENTERS}


def _use(two: TwoVCenters, adopted: Mapping[str, str], ready: list[Any], first: str, second: str) -> None:
    """What is done with one server is done with its own VM."""
    lab, before = two.lab, two.powers(ready)
    server = lab.tenant.compute.get_server(adopted[first])
    lab.tenant.compute.stop_server(server)
    lab.wait(server, "SHUTOFF", SECONDS)
    assert two.powers(ready) == before | {first: "poweredOff"}
    lab.tenant.compute.start_server(server)
    lab.wait(server, "ACTIVE", SECONDS)
    assert two.powers(ready) == before

    words = ("server", "vmware", "snapshot")
    taken = lab.openstack(*words, "create", "--wait", adopted[second], "by-openstack")
    assert taken.returncode == 0, taken.stderr
    assert lab.openstack_json(*words, "list", adopted[first]) == []
    [snapshot] = lab.openstack_json(*words, "list", adopted[second])
    removed = lab.openstack(*words, "delete", "--wait", adopted[second], snapshot["ID"])
    assert removed.returncode == 0, removed.stderr


def _no_volume_of_the_other(two: TwoVCenters, volumes: Any, server: str) -> None:
    """A disk of one vCenter is not attached in the other, nor what has its moref there."""
    volume = volumes.create("--size", "1", "--type", FIRST_VCENTER.volume_type)
    [path] = two.vm_of(SECOND_VCENTER, server)
    disks = two.govc(SECOND_VCENTER, "device.ls", "-vm", path)
    refused = two.lab.openstack("server", "add", "volume", server, volume)
    assert refused.returncode != 0
    for named in (volume, server, *two.uuids.values(), "Attach it to a server of its own vCenter"):
        assert named in refused.stderr
    assert volumes.status(volume) == "available"
    assert two.govc(SECOND_VCENTER, "device.ls", "-vm", path) == disks
