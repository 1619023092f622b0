"""Another product manages the VM, and would undo or mistake what OpenStack does to it."""

from polyvisor.adoption.checks import Check, each_vm
from polyvisor.adoption.message import say
from polyvisor.message import Message
from polyvisor.vsphere.virtual_machine import VirtualMachine


def _says(vm: VirtualMachine) -> Message | None:
    return say("managed_by", extension=vm.managed_by) if vm.managed_by else None


CHECK = Check(
    severity="blocks",
    title="managed by another vCenter extension",
    way_out="Release the VM in the product that manages it, or leave it out.",
    find=each_vm(_says),
)
