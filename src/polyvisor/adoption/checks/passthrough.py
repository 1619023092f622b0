"""A VM that uses devices of its host cannot move to another."""

from polyvisor.adoption.checks import Check, each_vm
from polyvisor.vsphere.virtual_machine import VirtualMachine


def _says(vm: VirtualMachine) -> str:
    return f"It uses devices of its host: {', '.join(vm.passthrough)}." if vm.passthrough else ""


CHECK = Check(
    severity="decision",
    title="physical devices of the host",
    way_out="Remove the devices, or accept that the server cannot be migrated while it runs, and that "
    "its flavor does not say so.",
    find=each_vm(_says),
)
