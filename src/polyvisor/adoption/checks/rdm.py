"""Raw device mappings cannot be volumes, and physical ones have no snapshots."""

from polyvisor.adoption.checks import Check, each_disk
from polyvisor.adoption.message import say
from polyvisor.message import Message
from polyvisor.vsphere.disk import Disk


def _says(disk: Disk) -> Message | None:
    mapped = disk.format.startswith("rdm")
    return say("disk_is_rdm", disk=disk.label, format=disk.format) if mapped else None


CHECK = Check(
    severity="decision",
    title="raw device mapping",
    way_out="Accept it: the disk stays with the VM, unknown to Cinder; snapshots and storage migration "
    "follow the rules of RDMs.",
    find=each_disk(_says),
)
