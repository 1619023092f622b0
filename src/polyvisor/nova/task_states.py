"""The task states of servers that Polyvisor works on, beside Nova's own.

Nova keeps and shows whatever string is there. Only its versioned notifications know a closed list, which
`register` opens.
"""

from nova.objects import fields

PREFIX = "vmware_"
RELOCATING = "vmware_relocating"
SNAPSHOTTING = "vmware_snapshotting"
REVERTING = "vmware_reverting"
REMOVING_SNAPSHOT = "vmware_removing_snapshot"
CONSOLIDATING = "vmware_consolidating"
RELEASING = "vmware_releasing"

ALL = (RELOCATING, SNAPSHOTTING, REVERTING, REMOVING_SNAPSHOT, CONSOLIDATING, RELEASING)


def register() -> None:
    """Let the versioned notifications of this process carry our states. Doing it again changes nothing."""
    known = fields.InstanceTaskStateField.AUTO_TYPE
    missing = [state for state in ALL if state not in known.valid_values]
    # oslo.versionedobjects has no public way to add one; without, the notification fails and is logged.
    known._valid_values = (*known.valid_values, *missing)  # noqa: SLF001
