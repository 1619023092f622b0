"""Independent disks are left out of snapshots."""

from polyvisor.adoption.checks import Check, each_disk
from polyvisor.vsphere.disk import Disk


def _says(disk: Disk) -> str:
    return (
        f"{disk.label} is {disk.mode}: snapshots leave it out." if disk.mode.startswith("independent") else ""
    )


CHECK = Check(
    severity="note",
    title="independent disk",
    way_out="None needed; the disk stays with the VM. Make it dependent, with the VM off, if snapshots "
    "should have it.",
    find=each_disk(_says),
)
