"""vSphere forbids snapshots, reconfiguration and storage migration of fault tolerant VMs."""

from polyvisor.adoption.checks import Check, each_vm
from polyvisor.adoption.message import say
from polyvisor.message import Message
from polyvisor.vsphere.virtual_machine import VirtualMachine


def _says(vm: VirtualMachine) -> Message | None:
    if vm.fault_tolerance == "notConfigured":
        return None
    return say("fault_tolerant", tolerance=vm.fault_tolerance)


CHECK = Check(
    severity="blocks",
    title="fault tolerance",
    way_out="Turn off Fault Tolerance, or leave the VM out.",
    find=each_vm(_says),
)
