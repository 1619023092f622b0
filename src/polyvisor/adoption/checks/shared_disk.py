"""A disk that several VMs write cannot be one server's: deleting or moving one of them would harm the
others."""

from collections import defaultdict
from collections.abc import Iterator

from polyvisor.adoption.checks import Check, Context, Found, Subject
from polyvisor.adoption.message import say
from polyvisor.vsphere.disk import Disk


def _find(context: Context) -> Iterator[Found]:
    users: dict[tuple[str, str], list[tuple[Subject, Disk]]] = defaultdict(list)
    for subject in context.subjects:
        for disk in subject.vm.disks:
            if disk.file:
                users[subject.discovery.vcenter.uuid, disk.file].append((subject, disk))
    for sharing in users.values():
        for subject, disk in sharing:
            others = [other.vm.name for other, _ in sharing if other is not subject]
            if others or disk.shared:
                says = say("disk_shared", disk=disk.label)
                if others:
                    says = say("disk_shared_with", disk=disk.label, others=", ".join(others))
                yield Found(subject.server.id, says, f"disk {disk.key}")


CHECK = Check(
    severity="decision",
    title="shared or multi-writer disk",
    way_out="Adopt the VMs that share it together and accept it: the disk stays with them, and is no "
    "volume. Never "
    "delete one of the servers with its disks.",
    find=_find,
)
