"""A template is no VM that runs."""

from polyvisor.adoption.checks import Check, each_vm
from polyvisor.adoption.message import say
from polyvisor.message import Message
from polyvisor.vsphere.virtual_machine import VirtualMachine


def _says(vm: VirtualMachine) -> Message | None:
    return say("is_template") if vm.template else None


CHECK = Check(
    severity="blocks",
    title="template",
    way_out="Convert it to a virtual machine, or export it as a Glance image; or leave it out.",
    find=each_vm(_says),
)
