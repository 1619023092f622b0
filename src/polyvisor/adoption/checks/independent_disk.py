"""Independent disks are left out of snapshots."""

from polyvisor.adoption.checks import Check, each_disk
from polyvisor.adoption.message import say
from polyvisor.message import Message
from polyvisor.vsphere.disk import Disk


def _says(disk: Disk) -> Message | None:
    independent = disk.mode.startswith("independent")
    return say("disk_independent", disk=disk.label, mode=disk.mode) if independent else None


CHECK = Check(
    severity="note",
    title="independent disk",
    way_out="None needed; the disk stays with the VM. Make it dependent, with the VM off, if snapshots "
    "should have it.",
    find=each_disk(_says),
)
