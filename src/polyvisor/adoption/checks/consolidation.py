"""Delta files that no snapshot refers to grow until they fill the datastore."""

from polyvisor.adoption.checks import Check, each_vm
from polyvisor.vsphere.virtual_machine import VirtualMachine


def _says(vm: VirtualMachine) -> str:
    return "Its disks need consolidation." if vm.consolidation_needed else ""


CHECK = Check(
    severity="note",
    title="disks need consolidation",
    way_out="Consolidate the disks in vSphere Client.",
    find=each_vm(_says),
)
