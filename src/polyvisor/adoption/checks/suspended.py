"""A suspended VM cannot be reconfigured by vSphere, so it cannot get its identity as a server."""

from polyvisor.adoption.checks import Check, each_vm
from polyvisor.adoption.message import say
from polyvisor.message import Message
from polyvisor.vsphere.virtual_machine import VirtualMachine


def _says(vm: VirtualMachine) -> Message | None:
    return say("is_suspended") if vm.power_state == "suspended" else None


CHECK = Check(
    severity="blocks",
    title="suspended",
    way_out="Resume the VM, or power it off.",
    find=each_vm(_says),
)
