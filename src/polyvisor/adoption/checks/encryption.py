"""Encrypted VMs need vCenter's key provider for every power-on, clone and attached disk."""

from polyvisor.adoption.checks import Check, each_vm
from polyvisor.vsphere.virtual_machine import VirtualMachine


def _says(vm: VirtualMachine) -> str:
    encrypted = vm.encrypted or any(disk.encrypted for disk in vm.disks)
    return "It, or one of its disks, is encrypted." if encrypted else ""


CHECK = Check(
    severity="decision",
    title="encrypted",
    way_out="Accept it, and keep the key provider reachable; encrypted disks stay with the VM and do "
    "not become volumes.",
    find=each_vm(_says),
)
