"""How long a full inventory takes, and how soon a change is seen: ``python -m benchmarks.inventory``.

Starts a simulated vCenter of its own. Prints each figure beside its target; judges nothing, because a busy
machine is not a defect.
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import SimpleQueue
from time import perf_counter

from pyVmomi import vim

from polyvisor.vsphere.inventory import Change, Watcher, collect
from polyvisor.vsphere.session import Endpoint, Session
from tests.functional.conftest import SIMULATOR, VCenter, _make_certificate, run_vcenter

PROPERTIES = (
    "name",
    "config.instanceUuid",
    "config.template",
    "config.hardware.numCPU",
    "config.hardware.memoryMB",
    "config.guestId",
    "guest.toolsRunningStatus",
    "parent",
    "resourcePool",
    "runtime.connectionState",
    "runtime.host",
    "runtime.powerState",
    "summary.storage.committed",
)
FULL_READ_SECONDS = 10.0
CHANGE_SECONDS = 2.0


def main() -> None:
    """Run all stages against one simulator."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--vms", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory, simulator(Path(directory), options.vms) as vcenter:
        session = Session(
            Endpoint(vcenter.host, vcenter.username, vcenter.password, vcenter.port, vcenter.ca_file)
        )
        measure(session, options.vms, options.rounds)
        session.close()


@contextmanager
def simulator(directory: Path, vms: int) -> Iterator[VCenter]:
    """Build a vCenter simulator and run it with so many VMs."""
    binary, wsdl = directory / "vcenter-simulator", directory / "vimService.wsdl"
    subprocess.run(["go", "build", "-o", binary, "."], cwd=SIMULATOR, check=True)
    subprocess.run([sys.executable, SIMULATOR / "wsdl.py", wsdl], check=True)
    start = perf_counter()
    with run_vcenter(binary, wsdl, _make_certificate(directory), directory, "-vms", str(vms)) as vcenter:
        report(f"start of a vCenter with {vms} VMs", [perf_counter() - start])
        yield vcenter


def measure(session: Session, vms: int, rounds: int) -> None:
    """Print the figures of one vCenter."""
    first = read_all(session, vms)
    report("login and first full read", [first])
    report(
        f"full read, {len(PROPERTIES)} properties each",
        [read_all(session, vms) for _ in range(rounds)],
        FULL_READ_SECONDS,
    )
    changes: SimpleQueue[Change] = SimpleQueue()
    start = perf_counter()
    with Watcher(session, vim.VirtualMachine, PROPERTIES, on_change=changes.put) as watcher:
        watcher.wait_ready(timeout=300)
        report("watcher ready", [perf_counter() - start])
        while not changes.empty():
            changes.get()
        vm = session.managed_object(vim.VirtualMachine, next(iter(watcher.objects)))
        report(
            "change seen, from the call that makes it",
            [see_change(session, vm, f"renamed-{turn}", changes) for turn in range(rounds)],
            CHANGE_SECONDS,
        )


def read_all(session: Session, vms: int) -> float:
    """Read everything once; give the seconds."""
    start = perf_counter()
    found = collect(session, vim.VirtualMachine, PROPERTIES)
    seconds = perf_counter() - start
    assert len(found) == vms, f"{len(found)} of {vms} VMs"
    return seconds


def see_change(session: Session, vm: vim.VirtualMachine, name: str, changes: "SimpleQueue[Change]") -> float:
    """Rename a VM; give the seconds from that call until the watcher reports it."""
    start = perf_counter()
    session.call(vm.Rename, name)
    while changes.get(timeout=60).properties.get("name") != name:
        pass
    return perf_counter() - start


def report(what: str, seconds: list[float], target: float | None = None) -> None:
    """Print one line: the median, its spread, the target."""
    spread = (
        f"{min(seconds):.2f} to {max(seconds):.2f}, {len(seconds)} rounds" if len(seconds) > 1 else "once"
    )
    goal = f"target {target:g} s" if target else ""
    print(f"{what:<40} {statistics.median(seconds):8.2f} s  ({spread})  {goal}")


if __name__ == "__main__":
    main()
