"""Encrypted VMs need vCenter's key provider for every power-on, clone and attached disk."""

from polyvisor.adoption.checks import Check, each_vm
from polyvisor.adoption.message import say
from polyvisor.message import Message
from polyvisor.vsphere.virtual_machine import VirtualMachine


def _says(vm: VirtualMachine) -> Message | None:
    encrypted = vm.encrypted or any(disk.encrypted for disk in vm.disks)
    return say("is_encrypted") if encrypted else None


CHECK = Check(
    severity="decision",
    title="encrypted",
    way_out="Accept it, and keep the key provider reachable; encrypted disks stay with the VM and do "
    "not become volumes.",
    find=each_vm(_says),
)
