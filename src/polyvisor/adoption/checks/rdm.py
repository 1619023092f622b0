"""Raw device mappings cannot be volumes, and physical ones have no snapshots."""

from polyvisor.adoption.checks import Check, each_disk
from polyvisor.vsphere.disk import Disk


def _says(disk: Disk) -> str:
    return f"{disk.label} is a raw device mapping ({disk.format})." if disk.format.startswith("rdm") else ""


CHECK = Check(
    severity="decision",
    title="raw device mapping",
    way_out="Accept it: the disk stays with the VM, unknown to Cinder; snapshots and storage migration "
    "follow the rules of RDMs.",
    find=each_disk(_says),
)
