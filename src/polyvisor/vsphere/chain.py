"""Which disks of a VM its snapshots hold on to: taken away or replaced, they would break the snapshots.

A snapshot makes each disk a chain: the file that was written so far stays as it is, and a new one above it
takes the changes. Whoever moves, replaces or deletes a file below breaks all that is above it (Virtual Disk
Development Kit, "Managed Disk and Linked Clones").
"""

from dataclasses import dataclass

from polyvisor.vsphere.configuration import Disk, read_configuration
from polyvisor.vsphere.session import Session
from polyvisor.vsphere.snapshot import read_snapshots_of


@dataclass(frozen=True, slots=True)
class Chain:
    """How far a VM is bound by its snapshots.

    Attributes:
        vm: moref.
        snapshots: how many there are.
        disks: those present disks that at least one of them holds.
    """

    vm: str
    snapshots: int
    disks: tuple[Disk, ...]

    @property
    def volumes(self) -> list[str]:
        """The volumes of Cinder among the disks, by their ids."""
        return sorted(disk.volume for disk in self.disks if disk.volume)


def read_chain(session: Session, instance_uuid: str) -> Chain:
    """Read what the snapshots of a server's VM hold, in two calls, or three if there are any.

    Raises:
        NotFound: no VM has this instance UUID.
        InvalidState: several have it.
        VSphereError: as `Session.call` does.
    """
    found = read_snapshots_of(session, instance_uuid)
    if not found.snapshots:
        return Chain(found.vm, 0, ())
    read = read_configuration(session, found.vm, *(each.moref for each in found.snapshots))
    held = {identity for then in read.then.values() for identity in then.disks}
    disks = tuple(disk for identity, disk in read.now.disks.items() if identity in held)
    return Chain(found.vm, len(found.snapshots), disks)
