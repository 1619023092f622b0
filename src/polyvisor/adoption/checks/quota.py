"""A project's quotas count adopted servers as all others."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import asdict

from polyvisor.adoption.checks import Check, Context, Found, Subject
from polyvisor.adoption.message import say


def _needs(subject: Subject) -> Counter[str]:
    taken = [volume for volume in subject.server.volumes if volume.take]
    return Counter(
        instances=1,
        cores=subject.vm.vcpus,
        ram_mb=subject.vm.memory_mb,
        ports=len(subject.server.made_ports),
        volumes=len(taken),
        gigabytes=sum(volume.size_gb for volume in taken),
    )


def _find(context: Context) -> Iterator[Found]:
    wanted: dict[str, list[Subject]] = defaultdict(list)
    for subject in context.subjects:
        if subject.server.adopt and subject.server.project:
            project = context.cloud.project_id(subject.server.project) or subject.server.project
            wanted[project].append(subject)
    for project, subjects in wanted.items():
        room = asdict(context.cloud.rooms[project]) if project in context.cloud.rooms else {}
        total = sum((_needs(subject) for subject in subjects), Counter[str]())
        limits = {name: left for name, left in room.items() if left is not None}
        short = [
            say("quota_wanted", name=name, need=total[name], has=left)
            for name, left in limits.items()
            if total[name] > left
        ]
        if short:
            says = say("quota_short", short=short)
            yield from (Found(subject.server.id, says) for subject in subjects)


CHECK = Check(
    severity="blocks",
    title="no room in the project's quota",
    way_out="Raise the project's quotas (openstack quota set), or leave some of its VMs out.",
    find=_find,
)
