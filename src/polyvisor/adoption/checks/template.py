"""A template is no VM that runs."""

from polyvisor.adoption.checks import Check, each_vm
from polyvisor.vsphere.virtual_machine import VirtualMachine


def _says(vm: VirtualMachine) -> str:
    return "It is a template." if vm.template else ""


CHECK = Check(
    severity="blocks",
    title="template",
    way_out="Convert it to a virtual machine, or export it as a Glance image; or leave it out.",
    find=each_vm(_says),
)
