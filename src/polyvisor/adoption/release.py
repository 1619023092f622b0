"""Let adopted VMs go: Nova, Neutron and Cinder forget them, and each is as it was found."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from polyvisor.adoption import prints
from polyvisor.adoption.clouds import Clouds
from polyvisor.adoption.journal import Journal, Vm
from polyvisor.adoption.message import heard, say, together
from polyvisor.adoption.prune import prune
from polyvisor.adoption.resources.server import Watch
from polyvisor.adoption.settle import settle
from polyvisor.adoption.undo import undo
from polyvisor.adoption.work import OnProgress, Progress, Work
from polyvisor.message import Message
from polyvisor.vsphere import fingerprint
from polyvisor.vsphere.fingerprint import Fingerprint
from polyvisor.vsphere.session import Session

_AT_A_TIME: Final = 32


@dataclass
class Released:
    """What became of the VMs.

    Attributes:
        released: ids of VMs.
        left: id of a VM, or "kind key" -> what could not be removed, and why; release again.
        changed: id -> settings that are otherwise than before the VM was adopted, by release itself.
        meanwhile: id -> settings that somebody changed while it was adopted; they stay as they are.
    """

    released: list[str] = field(default_factory=list)
    left: dict[str, Message] = field(default_factory=dict)
    changed: dict[str, Sequence[str]] = field(default_factory=dict)
    meanwhile: dict[str, Sequence[str]] = field(default_factory=dict)

    @property
    def complete(self) -> bool:
        """Whether all of it is gone, and nothing else."""
        return not (self.left or self.changed)


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
    until_now = prints.read(work, [vm.id for vm in vms])
    meanwhile = {vm.id: lines for vm in vms if (lines := _since(vm, until_now))}
    left = undo(work, watch, [vm.id for vm in vms])
    outcome.left.update(left)
    gone = [vm for vm in vms if vm.id not in left]
    present = prints.read(work, [vm.id for vm in gone])
    for vm in gone:
        known = meanwhile.get(vm.id, ())
        lines = [line for line in _since(vm, present, exact=True) if line not in known]
        work.journal.note(Vm(vm.id, "released", None, {"changed": lines, "server": None}))
        outcome.released.append(vm.id)
        if lines:
            outcome.changed[vm.id] = lines
        if known:
            outcome.meanwhile[vm.id] = known
        says = together([heard(line) for line in lines] or [say("as_found")])
        if known:
            says = say("but_for_meanwhile", reason=says, count=len(known))
        work.on_progress(Progress(vm.id, says, "released"))


def _since(vm: Vm, present: Mapping[str, Fingerprint], *, exact: bool = False) -> list[str]:
    """What is otherwise than before a VM was adopted."""
    was, is_now = prints.before(vm), present.get(vm.id)
    if is_now is None:
        return ["the VM is not in vCenter any more"]
    return fingerprint.difference(was, is_now, exact=exact) if was else []
