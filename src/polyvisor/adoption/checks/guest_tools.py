"""VMware Tools do not run, so the guest cannot say its addresses."""

from polyvisor.adoption.checks import Check, each_vm
from polyvisor.vsphere.virtual_machine import VirtualMachine


def _says(vm: VirtualMachine) -> str:
    if vm.power_state != "poweredOn" or vm.tools == "running":
        return ""
    return f"VMware Tools are {'not installed' if vm.tools == 'absent' else 'not running'}."


CHECK = Check(
    severity="note",
    title="VMware Tools absent or not running",
    way_out="Install or start VMware Tools, or give addresses in the plan or in the addresses file.",
    find=each_vm(_says),
)
