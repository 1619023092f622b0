"""How many VMs a minute become servers, and who takes the CPU: ``python -m benchmarks.adoption_apply``.

Runs against a sandbox that is up, made with so many brownfield VMs, for example by ``polyvisor sandbox
--root /tmp/many up --port-base 41000 --vms 1000``. Adopts all of them, verifies and releases them. Prints the
figures beside their targets; judges nothing, because a busy machine is not a defect.
"""

import argparse
import csv
import tempfile
from collections import Counter
from contextlib import closing
from pathlib import Path
from time import perf_counter
from typing import Any

import psutil
from openstack.exceptions import raise_from_response

from benchmarks.inventory import report
from polyvisor.adoption import journal, rules
from polyvisor.adoption.apply import PARALLEL, apply
from polyvisor.adoption.cloud_reader import read_cloud, read_rooms
from polyvisor.adoption.clouds import Clouds
from polyvisor.adoption.discover import discover
from polyvisor.adoption.discovery import Discovery
from polyvisor.adoption.plan import Plan
from polyvisor.adoption.plan_file import Earlier
from polyvisor.adoption.planner import make_plan
from polyvisor.adoption.release import release
from polyvisor.adoption.verify import verify
from polyvisor.adoption.work import Progress
from polyvisor.sandbox import cloud, inventory, settings, supervision
from polyvisor.vsphere.session import Endpoint, Session

TARGET = 100.0
#: CPU seconds a VM in all, with which two CPUs reach that.
CPU_TARGET = 1.2
PROJECT = "demo"
RATIO = 16.0
WIRES = [{"physical_network": "physnet1", "vlan": vlan, "project": PROJECT} for vlan in (30, 40)]
RULES = {
    "switches": [{"switch": "dvs1", "physical_network": "physnet1"}],
    "networks": WIRES,
    "subnets": [{"physical_network": "physnet1", "vlan": vlan, "cidr": "10.0.0.0/13"} for vlan in (30, 40)],
    "addresses": "addresses.csv",
    "servers": [
        {
            "rule": "everything",
            "match": {"name": "app-.*"},
            "adopt": True,
            "project": PROJECT,
            "accept": {"switch-unmapped": "NICs on the standard switches stay with vCenter"},
        }
    ],
}


def main() -> None:
    """Adopt, verify, release."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--root", type=Path, default=settings.default_root(), help="folder of the sandbox")
    parser.add_argument("--vms", type=int, help="how many of its VMs  [default: all]")
    parser.add_argument("--parallel", type=int, default=PARALLEL)
    parser.add_argument("--keep", action="store_true", help="do not release them")
    options = parser.parse_args()
    made = settings.load(options.root)
    if made is None:
        parser.error("there is no sandbox; `polyvisor sandbox up` makes one")
    with tempfile.TemporaryDirectory() as directory:
        measure(Lab(made), Path(directory), options)


class Lab:
    """The sandbox, and the CPU time of its programs."""

    def __init__(self, made: settings.Settings) -> None:
        self.connection = cloud.connect(made, "admin")
        endpoint = Endpoint(
            "127.0.0.1",
            inventory.USERNAME,
            made.secrets["vcenter"],
            made.ports["vcenter"],
            str(made.ca_file),
            call_timeout=120,
        )
        self.session = Session(endpoint)
        self.vcenters = {made.vcenter_uuid: self.session}
        self._supervisor = supervision.Supervisor(made)
        identity = self.connection.identity
        self.project = identity.find_project(PROJECT).id
        role, user = identity.find_role("admin"), identity.find_user("admin")
        identity.assign_project_role_to_user(self.project, user, role)
        self._lift_quotas()
        self._make_room()

    def _lift_quotas(self) -> None:
        connection, project = self.connection, self.project
        connection.compute.update_quota_set(project, instances=-1, cores=-1, ram=-1)
        connection.network.update_quota(project, ports=-1)
        connection.block_storage.update_quota_set(project, volumes=-1, gigabytes=-1)

    def _make_room(self) -> None:
        """The clusters of the sandbox are smaller than what is adopted in them."""
        placement = self.connection.placement
        for provider in placement.resource_providers():
            path = f"/resource_providers/{provider.id}/inventories"
            body = placement.get(path).json()
            for item in body["inventories"].values():
                item["allocation_ratio"] = RATIO
            raise_from_response(placement.put(path, json=body))

    def cpu(self) -> Counter[str]:
        """CPU seconds of each program until now, and of this one."""
        pids = {name: record["pid"] for name, record in self._supervisor.states().items() if record["pid"]}
        seconds: Counter[str] = Counter()
        for name, pid in {**pids, "this benchmark": psutil.Process().pid}.items():
            parent = psutil.Process(pid)
            for process in (parent, *(parent.children(recursive=True) if name in pids else ())):
                times = process.cpu_times()
                seconds[name] += times.user + times.system
        return seconds

    def programs(self) -> list[str]:
        """Names of the programs."""
        return list(self._supervisor.states())

    def kill(self, name: str) -> None:
        """End a program as a power failure would; it is started anew."""
        parent = psutil.Process(self._supervisor.states()[name]["pid"])
        for process in (parent, *parent.children(recursive=True)):
            process.kill()


def plan_for(lab: Lab, directory: Path, vms: int | None) -> Plan:
    """A plan for so many VMs; those whose address is not known get one by a file."""
    found = discover(lab.session, with_tags=False)
    with (directory / "addresses.csv").open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(("vm", "mac", "address"))
        writer.writerows(_addresses(found))
    (directory / "rules.yaml").write_text(str(RULES).replace("True", "true"))
    book = rules.RuleBook(*rules.load(directory / "rules.yaml"))
    made, _ = make_plan(
        [found],
        read_cloud(lab.connection),
        book,
        Earlier(None),
        lambda projects: read_rooms(lab.connection, projects),
    )
    ready = list(made.ready())
    print(f"{len(ready)} of {len(found.vms)} VMs are ready")
    return Plan(made.header, made.networks, made.flavors, ready[:vms])


def _addresses(found: Discovery) -> list[tuple[str, str, str]]:
    numbered = ((vm, nic) for vm in found.vms for nic in vm.nics)
    return [
        (vm.instance_uuid, nic.mac, f"10.{4 + number // 62500}.{number // 250 % 250}.{2 + number % 250}")
        for number, (vm, nic) in enumerate(numbered)
        if not nic.addresses
    ]


def measure(lab: Lab, directory: Path, options: Any) -> None:
    """Print the figures of one run."""
    plan = plan_for(lab, directory, options.vms)
    clouds = Clouds(lab.connection)
    with closing(journal.FileJournal(directory / "journal")) as written:
        before, start = lab.cpu(), perf_counter()
        outcome = apply(plan, clouds, lab.vcenters, written, tell, parallel=options.parallel)
        seconds, used = perf_counter() - start, lab.cpu() - before
        report("apply", [seconds])
        count = len(outcome.adopted)
        print(
            f"adopted {count} of {len(plan.servers)}: {count / seconds * 60:.0f} a minute  target {TARGET:g}"
        )
        for why, number in Counter({**outcome.failed, **outcome.refused}.values()).most_common(5):
            print(f"  {number} not: {why}")
        print(f"changed beside their identity: {len(outcome.changed)}  target 0")
        print_cpu(used, max(count, 1), seconds)
        start = perf_counter()
        verified = verify(plan, clouds, lab.vcenters, written)
        report("verify", [perf_counter() - start])
        print(f"differences: {len(verified.differences)}  target 0")
        if options.keep:
            return
        start = perf_counter()
        released = release(clouds, lab.vcenters, written, tell)
        report("release", [perf_counter() - start])
        print(
            f"released {len(released.released)}; left {len(released.left)}; changed {len(released.changed)}"
        )


def print_cpu(used: Counter[str], count: int, seconds: float) -> None:
    """Who took the CPU; beside the target of all, each one's share of it, in the proportion it has now."""
    print(f"{'CPU':<28}{'seconds':>9}{'ms a VM':>9}{'target':>9}")
    for name, spent in [*used.most_common(), ("in all", float(used.total()))]:
        target = CPU_TARGET * spent / used.total()
        print(f"{name:<28}{spent:>9.1f}{spent / count * 1000:>9.0f}{target * 1000:>9.0f}")
    print(f"busy: {used.total() / seconds:.2f} CPUs of {psutil.cpu_count()}")


def tell(step: Progress) -> None:
    """Print what failed."""
    if step.end in {"failed", "left alone"}:
        print(f"  {step.about}: {step.end}: {step.stage}")


if __name__ == "__main__":
    main()
