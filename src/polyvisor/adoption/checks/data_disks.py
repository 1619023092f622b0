"""Disks besides the first become Cinder volumes where they are, or stay part of the server."""

from collections.abc import Iterator

from polyvisor.adoption.checks import Check, Context, Found


def _find(context: Context) -> Iterator[Found]:
    for subject in context.subjects:
        for volume in subject.server.volumes:
            stays = f"stays with the server: {volume.because or 'as told'}"
            fate = "becomes a volume in place" if volume.take else stays
            says = f"Data disk {volume.disk} of {volume.size_gb} GB {fate}."
            yield Found(subject.server.id, says, f"disk {volume.disk}")


CHECK = Check(
    severity="note",
    title="data disks",
    way_out='Say "take: false" in the plan, or "volumes: false" in a rule, for disks that should stay with '
    "the server.",
    find=_find,
)
