"""Memory that vSphere would refuse today."""

from polyvisor.adoption.checks import Check, each_vm
from polyvisor.adoption.message import say
from polyvisor.message import Message
from polyvisor.vsphere.virtual_machine import VirtualMachine


def _says(vm: VirtualMachine) -> Message | None:
    return say("memory_odd", ram=vm.memory_mb) if vm.memory_mb % 4 else None


CHECK = Check(
    severity="note",
    title="memory not a multiple of 4 MB",
    way_out="None needed; the first resize must go to a multiple of 4 MB, and so may the next power-on.",
    find=each_vm(_says),
)
