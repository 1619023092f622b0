"""VMware Tools do not run, so the guest cannot say its addresses."""

from polyvisor.adoption.checks import Check, each_vm
from polyvisor.adoption.message import say
from polyvisor.message import Message
from polyvisor.vsphere.virtual_machine import VirtualMachine


def _says(vm: VirtualMachine) -> Message | None:
    if vm.power_state != "poweredOn" or vm.tools == "running":
        return None
    return say("tools_absent" if vm.tools == "absent" else "tools_off")


CHECK = Check(
    severity="note",
    title="VMware Tools absent or not running",
    way_out="Install or start VMware Tools, or give addresses in the plan or in the addresses file.",
    find=each_vm(_says),
)
