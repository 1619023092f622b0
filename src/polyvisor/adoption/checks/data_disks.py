"""Disks besides the first become Cinder volumes where they are, or stay part of the server."""

from collections.abc import Iterator

from polyvisor.adoption.checks import Check, Context, Found, Subject
from polyvisor.adoption.message import say
from polyvisor.adoption.plan import Volume
from polyvisor.adoption.propose import why_no_volume
from polyvisor.message import Message


def _find(context: Context) -> Iterator[Found]:
    for subject in context.subjects:
        for volume in subject.server.volumes:
            yield Found(subject.server.id, _says(subject, volume), f"disk {volume.disk}")


def _says(subject: Subject, volume: Volume) -> Message:
    if volume.take:
        return say("disk_becomes_volume", disk=volume.disk, size=volume.size_gb)
    [disk] = [disk for disk in subject.vm.disks if disk.key == volume.disk]
    reason = why_no_volume(disk) or say("why_rule" if volume.because else "why_told")
    return say("disk_stays", disk=volume.disk, size=volume.size_gb, reason=reason)


CHECK = Check(
    severity="note",
    title="data disks",
    way_out='Say "take: false" in the plan, or "volumes: false" in a rule, for disks that should stay with '
    "the server.",
    find=_find,
)
