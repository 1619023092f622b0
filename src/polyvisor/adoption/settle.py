"""What a process that was killed has left half done."""

from polyvisor.adoption.journal import Vm
from polyvisor.adoption.message import say
from polyvisor.adoption.resources import server
from polyvisor.adoption.resources.server import Watch
from polyvisor.adoption.undo import undo
from polyvisor.adoption.work import Work
from polyvisor.message import plain


def settle(work: Work, watch: Watch) -> None:
    """Undo it, but for VMs whose server Nova is known to be building: these stay "under way"."""
    vms = work.journal.vms().values()
    undone = [vm for vm in vms if vm.state == "undoing" or (vm.state == "under way" and not _built(work, vm))]
    if not undone:
        return
    work.tell("journal", say("undoing_rest", count=len(undone)))
    work.journal.note(*(Vm(vm.id, "undoing", vm.reason) for vm in undone))
    left = undo(work, watch, [vm.id for vm in undone])
    for vm in undone:
        if vm.id in left:
            work.journal.note(Vm(vm.id, "undoing", vm.reason or left[vm.id], {"left": plain(left[vm.id])}))
        else:
            work.journal.drop(vm.id)


def _built(work: Work, vm: Vm) -> bool:
    return any(thing.id for thing in work.journal.things(vm.id, server.KIND))
