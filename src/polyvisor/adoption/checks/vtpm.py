"""A virtual TPM holds keys that a clone or a new VM does not have."""

from polyvisor.adoption.checks import Check, each_vm
from polyvisor.adoption.message import say
from polyvisor.message import Message
from polyvisor.vsphere.virtual_machine import VirtualMachine


def _says(vm: VirtualMachine) -> Message | None:
    return say("vtpm") if vm.tpm else None


CHECK = Check(
    severity="decision",
    title="virtual TPM",
    way_out="Accept it: clones of the server share its TPM secrets or lack them; keep the key provider "
    "reachable.",
    find=each_vm(_says),
)
