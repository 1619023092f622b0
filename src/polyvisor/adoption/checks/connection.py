"""A VM that vCenter cannot reach cannot be taken over."""

from polyvisor.adoption.checks import Check, each_vm
from polyvisor.adoption.plan import is_uuid
from polyvisor.vsphere.virtual_machine import VirtualMachine


def _says(vm: VirtualMachine) -> str:
    if vm.connection_state == "connected" and is_uuid(vm.instance_uuid):
        return ""
    return f"Its connection state is {vm.connection_state}; vCenter does not know all of it."


CHECK = Check(
    severity="blocks",
    title="orphaned, inaccessible, disconnected or invalid",
    way_out="Bring back the host or the datastore, or remove the VM from the inventory; then discover again.",
    find=each_vm(_says),
)
