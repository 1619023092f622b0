"""A VM that vCenter cannot reach cannot be taken over."""

from polyvisor.adoption.checks import Check, each_vm
from polyvisor.adoption.message import say
from polyvisor.adoption.plan import is_uuid
from polyvisor.message import Message
from polyvisor.vsphere.virtual_machine import VirtualMachine


def _says(vm: VirtualMachine) -> Message | None:
    if vm.connection_state == "connected" and is_uuid(vm.instance_uuid):
        return None
    return say("connection_lost", connection=vm.connection_state)


CHECK = Check(
    severity="blocks",
    title="orphaned, inaccessible, disconnected or invalid",
    way_out="Bring back the host or the datastore, or remove the VM from the inventory; then discover again.",
    find=each_vm(_says),
)
