"""Another product manages the VM, and would undo or mistake what OpenStack does to it."""

from polyvisor.adoption.checks import Check, each_vm
from polyvisor.vsphere.virtual_machine import VirtualMachine


def _says(vm: VirtualMachine) -> str:
    return f"The vCenter extension {vm.managed_by} manages it." if vm.managed_by else ""


CHECK = Check(
    severity="blocks",
    title="managed by another vCenter extension",
    way_out="Release the VM in the product that manages it, or leave it out.",
    find=each_vm(_says),
)
