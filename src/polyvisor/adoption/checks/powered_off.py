"""A VM that is off becomes a server that is shut off."""

from polyvisor.adoption.checks import Check, each_vm
from polyvisor.adoption.message import say
from polyvisor.message import Message
from polyvisor.vsphere.virtual_machine import VirtualMachine


def _says(vm: VirtualMachine) -> Message | None:
    return say("is_off") if vm.power_state == "poweredOff" else None


CHECK = Check(
    severity="note",
    title="powered off",
    way_out="None needed; the server will be SHUTOFF. Addresses of a VM that is off are known from the "
    "addresses file only.",
    find=each_vm(_says),
)
