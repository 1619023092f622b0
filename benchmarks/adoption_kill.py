"""What is left of a run in which each service is killed: ``python -m benchmarks.adoption_kill``.

Runs against a sandbox as `adoption_apply` does. Adopts all VMs, kills one program after the other meanwhile,
and applies the plan once more. Prints what is adopted then, beside what should be; judges nothing.
"""

import argparse
import tempfile
import threading
from contextlib import closing
from pathlib import Path
from time import perf_counter

from benchmarks.adoption_apply import Lab, plan_for, tell
from benchmarks.inventory import report
from polyvisor.adoption.apply import apply
from polyvisor.adoption.clouds import Clouds
from polyvisor.adoption.journal import FileJournal
from polyvisor.adoption.plan import Plan
from polyvisor.adoption.verify import verify
from polyvisor.adoption.work import Progress
from polyvisor.sandbox import settings

#: It has its VMs in memory.
SPARED = {"vcenter"}


class Killer:
    """Kills the next program whenever some more VMs are adopted. Called by several threads."""

    def __init__(self, lab: Lab, every: int) -> None:
        self._lab, self._every = lab, every
        self._lock = threading.Lock()
        self._adopted = 0
        self.left = [name for name in lab.programs() if name not in SPARED]

    def __call__(self, step: Progress) -> None:
        """Take a step of the run."""
        tell(step)
        if step.end == "adopted":
            with self._lock:
                self._adopted += 1
                name = self.left.pop() if self.left and self._adopted % self._every == 0 else None
            if name:
                print(f"after {self._adopted}: kill -9 {name}", flush=True)
                self._lab.kill(name)


def main() -> None:
    """Adopt, and complete it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--root", type=Path, default=settings.default_root(), help="folder of the sandbox")
    parser.add_argument("--vms", type=int, help="how many of its VMs  [default: all]")
    options = parser.parse_args()
    made = settings.load(options.root)
    if made is None:
        parser.error("there is no sandbox; `polyvisor sandbox up` makes one")
    with tempfile.TemporaryDirectory() as directory:
        lab = Lab(made)
        measure(lab, plan_for(lab, Path(directory), options.vms), Path(directory, "journal"))


def measure(lab: Lab, plan: Plan, file: Path) -> None:
    """Print what became of the VMs."""
    clouds, killer = Clouds(lab.connection), Killer(lab, len(plan.servers) // (len(lab.programs()) + 2))
    with closing(FileJournal(file)) as journal:
        for on_progress in (killer, tell):
            start = perf_counter()
            outcome = apply(plan, clouds, lab.vcenters, journal, on_progress)
            report("apply", [perf_counter() - start])
            print(
                f"adopted: {len(outcome.adopted)}  target {len(plan.servers)}; failed: {len(outcome.failed)}"
            )
        print(f"never killed: {', '.join(killer.left) or 'none'}")
        verified = verify(plan, clouds, lab.vcenters, journal)
        print(
            f"differences: {len(verified.differences)}  target 0; changed: {len(outcome.changed)}  target 0"
        )


if __name__ == "__main__":
    main()
