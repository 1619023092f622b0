"""A disk that several VMs write cannot be one server's: deleting or moving one of them would harm the
others."""

from collections import defaultdict
from collections.abc import Iterator

from polyvisor.adoption.checks import Check, Context, Found, Subject
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
                says = f"{disk.label} is shared" + (
                    f" with {', '.join(others)}." if others else " (multi-writer or bus)."
                )
                yield Found(subject.server.id, says, f"disk {disk.key}")


CHECK = Check(
    severity="decision",
    title="shared or multi-writer disk",
    way_out="Adopt the VMs that share it together and accept it: the disk stays with them, and is no "
    "volume. Never "
    "delete one of the servers with its disks.",
    find=_find,
)
