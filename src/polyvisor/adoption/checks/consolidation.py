"""Delta files that no snapshot refers to grow until they fill the datastore."""

from polyvisor.adoption.checks import Check, each_vm
from polyvisor.adoption.message import say
from polyvisor.message import Message
from polyvisor.vsphere.virtual_machine import VirtualMachine


def _says(vm: VirtualMachine) -> Message | None:
    return say("needs_consolidation") if vm.consolidation_needed else None


CHECK = Check(
    severity="note",
    title="disks need consolidation",
    way_out="Consolidate the disks in vSphere Client.",
    find=each_vm(_says),
)
