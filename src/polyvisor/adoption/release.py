"""Let adopted VMs go: Nova, Neutron and Cinder forget them, and each is as it was found."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from polyvisor.adoption import prints
from polyvisor.adoption.clouds import Clouds
from polyvisor.adoption.journal import Journal, Vm
from polyvisor.adoption.prune import prune
from polyvisor.adoption.resources.server import Watch
from polyvisor.adoption.settle import settle
from polyvisor.adoption.undo import undo
from polyvisor.adoption.work import OnProgress, Progress, Work
from polyvisor.vsphere import fingerprint
from polyvisor.vsphere.session import Session

_AT_A_TIME: Final = 32


@dataclass
class Released:
    """What became of the VMs.

    Attributes:
        released: ids of VMs.
        left: id of a VM, or "kind key" -> what could not be removed, and why; release again.
        changed: id -> in which settings the VM is otherwise than before it was adopted.
    """

    released: list[str] = field(default_factory=list)
    left: dict[str, str] = field(default_factory=dict)
    changed: dict[str, Sequence[str]] = field(default_factory=dict)

    @property
    def complete(self) -> bool:
        """Whether all of it is gone."""
        return not self.left


def release(
    clouds: Clouds,
    vcenters: Mapping[str, Session],
    journal: Journal,
    on_progress: OnProgress = lambda _progress: None,
    *,
    only: Collection[str] | None = None,
) -> Released:
    """Release what the journal has. Whoever calls this holds `journal.exclusive`.

    Args:
        only: ids of VMs; default: all that are adopted.

    Raises:
        AdoptionError: OpenStack cannot be asked.
        VSphereError: a vCenter cannot be asked.
    """
    work = Work(clouds, vcenters, journal, on_progress)
    watch = Watch(work)
    settle(work, watch)
    vms = [
        vm
        for vm in journal.vms().values()
        if vm.state in {"adopted", "under way", "releasing"} and (only is None or vm.id in only)
    ]
    outcome = Released()
    for start in range(0, len(vms), _AT_A_TIME):
        _release(work, watch, vms[start : start + _AT_A_TIME], outcome)
    outcome.left.update(prune(work))
    return outcome


def _release(work: Work, watch: Watch, vms: Sequence[Vm], outcome: Released) -> None:
    work.journal.note(*(Vm(vm.id, "releasing") for vm in vms))
    left = undo(work, watch, [vm.id for vm in vms])
    outcome.left.update(left)
    gone = [vm for vm in vms if vm.id not in left]
    changed = _changes(work, gone)
    for vm in gone:
        lines = changed[vm.id]
        work.journal.note(Vm(vm.id, "released", "", {"changed": lines, "server": None}))
        outcome.released.append(vm.id)
        if lines:
            outcome.changed[vm.id] = lines
        work.on_progress(Progress(vm.id, "is as it was found" if not lines else "; ".join(lines), "released"))


def _changes(work: Work, vms: Iterable[Vm]) -> dict[str, Sequence[str]]:
    vms = list(vms)
    present = prints.read(work, [vm.id for vm in vms])
    changes: dict[str, Sequence[str]] = {}
    for vm in vms:
        was, is_now = prints.before(vm), present.get(vm.id)
        if is_now is None:
            changes[vm.id] = ["the VM is not in vCenter any more"]
        else:
            changes[vm.id] = fingerprint.difference(was, is_now, exact=True) if was else []
    return changes
