"""vSphere forbids snapshots, reconfiguration and storage migration of fault tolerant VMs."""

from polyvisor.adoption.checks import Check, each_vm
from polyvisor.vsphere.virtual_machine import VirtualMachine


def _says(vm: VirtualMachine) -> str:
    if vm.fault_tolerance == "notConfigured":
        return ""
    return f"Fault Tolerance is configured ({vm.fault_tolerance})."


CHECK = Check(
    severity="blocks",
    title="fault tolerance",
    way_out="Turn off Fault Tolerance, or leave the VM out.",
    find=each_vm(_says),
)
