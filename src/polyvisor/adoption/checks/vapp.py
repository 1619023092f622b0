"""The vApp decides about order of start and resources of its members."""

from polyvisor.adoption.checks import Check, each_vm
from polyvisor.adoption.message import say
from polyvisor.message import Message
from polyvisor.vsphere.virtual_machine import VirtualMachine


def _says(vm: VirtualMachine) -> Message | None:
    return say("in_vapp") if vm.vapp else None


CHECK = Check(
    severity="decision",
    title="member of a vApp",
    way_out="Move the VM out of the vApp, or accept that starting and stopping the vApp goes around "
    "OpenStack.",
    find=each_vm(_says),
)
