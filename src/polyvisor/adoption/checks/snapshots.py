"""Snapshots from before adoption are kept, and show as snapshots of the server."""

from polyvisor.adoption.checks import Check, each_vm
from polyvisor.adoption.message import say
from polyvisor.message import Message
from polyvisor.vsphere.virtual_machine import VirtualMachine


def _says(vm: VirtualMachine) -> Message | None:
    if not vm.snapshots:
        return None
    return say("snapshots_stay", count=len(vm.snapshots))


CHECK = Check(
    severity="note",
    title="snapshots present",
    way_out="None needed. Disks with snapshots do not become volumes: remove the snapshots first if "
    "they should.",
    find=each_vm(_says),
)
