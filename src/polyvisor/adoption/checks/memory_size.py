"""Memory that vSphere would refuse today."""

from polyvisor.adoption.checks import Check, each_vm
from polyvisor.vsphere.virtual_machine import VirtualMachine


def _says(vm: VirtualMachine) -> str:
    return f"Its memory of {vm.memory_mb} MB is not a multiple of 4 MB." if vm.memory_mb % 4 else ""


CHECK = Check(
    severity="note",
    title="memory not a multiple of 4 MB",
    way_out="None needed; the first resize must go to a multiple of 4 MB, and so may the next power-on.",
    find=each_vm(_says),
)
