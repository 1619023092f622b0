"""A VM that uses devices of its host cannot move to another."""

from polyvisor.adoption.checks import Check, each_vm
from polyvisor.adoption.message import say
from polyvisor.message import Message
from polyvisor.vsphere.virtual_machine import VirtualMachine


def _says(vm: VirtualMachine) -> Message | None:
    return say("physical_devices", devices=", ".join(vm.passthrough)) if vm.passthrough else None


CHECK = Check(
    severity="decision",
    title="physical devices of the host",
    way_out="Remove the devices, or accept that the server cannot be migrated while it runs, and that "
    "its flavor does not say so.",
    find=each_vm(_says),
)
