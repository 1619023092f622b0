"""How long it takes to discover, check and plan a large vCenter: ``python -m benchmarks.adoption``.

Starts a simulated vCenter of its own. Prints each figure beside its target; judges nothing, because a busy
machine is not a defect.
"""

import argparse
import resource
import tempfile
from contextlib import closing
from pathlib import Path
from time import perf_counter

from benchmarks.inventory import report, simulator
from polyvisor.adoption import discovery, plan_file
from polyvisor.adoption.cloud import Cloud
from polyvisor.adoption.discover import discover
from polyvisor.adoption.plan_file import Earlier
from polyvisor.adoption.planner import make_plan
from polyvisor.adoption.rules import RuleBook, Rules
from polyvisor.vsphere.session import Endpoint, Session
from tests.functional.conftest import VCenter

TOTAL_SECONDS = 30.0
MEMORY_MB = 1024.0
CALL_SECONDS = 120.0
RULES = {
    "switches": [
        {"switch": "dvs1", "physical_network": "physnet1"},
        {"switch": "vSwitch0", "physical_network": "physnet2"},
    ],
    "subnets": [{"physical_network": "physnet1", "vlan": 30, "cidr": "10.0.0.0/15"}],
    "servers": [{"rule": "everything", "match": {"name": "app-.*"}, "adopt": True, "project": "demo"}],
}


def main() -> None:
    """Run all stages against one simulator."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--vms", type=int, default=10_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory, simulator(Path(directory), options.vms) as vcenter:
        measure(vcenter, Path(directory), options.vms)


def measure(vcenter: VCenter, directory: Path, vms: int) -> None:
    """Print the figures of one vCenter."""
    endpoint = Endpoint(
        vcenter.host,
        vcenter.username,
        vcenter.password,
        vcenter.port,
        vcenter.ca_file,
        call_timeout=CALL_SECONDS,
    )
    start = perf_counter()
    with closing(Session(endpoint)) as session:
        found = discover(session)
    discovered = perf_counter()
    report("discover", [discovered - start])
    discovery.save(found, directory / "found")
    found = discovery.load(directory / "found")
    assert len(found.vms) == vms, f"{len(found.vms)} of {vms} VMs"
    saved = perf_counter()
    report("save the discovery and load it again", [saved - discovered])
    plan(found, directory / "plan.yaml")
    planned = perf_counter()
    report("check, plan, write", [planned - saved])
    report("in all", [planned - start], TOTAL_SECONDS)
    plan(found, directory / "plan.yaml")
    report("plan again", [perf_counter() - planned])
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{'memory at most':<40} {memory:8.0f} MB  target {MEMORY_MB:g} MB")


def plan(found: discovery.Discovery, file: Path) -> None:
    """Make the plan, or bring it up to date."""
    earlier = Earlier(file if file.exists() else None)
    made, _ = make_plan([found], Cloud(), RuleBook(Rules.model_validate(RULES, strict=False), {}), earlier)
    plan_file.save(made, file, earlier)


if __name__ == "__main__":
    main()
