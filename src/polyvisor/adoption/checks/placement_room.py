"""Nova places an adopted server as all others: Placement must have room on its cluster."""

from collections import defaultdict
from collections.abc import Iterator

from polyvisor.adoption.checks import Check, Context, Found, Subject
from polyvisor.adoption.message import say


def _find(context: Context) -> Iterator[Found]:
    users: dict[str, list[Subject]] = defaultdict(list)
    for subject in context.subjects:
        if subject.server.adopt and subject.server.compute:
            users[subject.server.compute].append(subject)
    for compute in context.cloud.computes.values():
        subjects = users.get(compute.host, [])
        needs = (
            ("vcpus_wanted", sum(subject.vm.vcpus for subject in subjects), compute.vcpus),
            ("memory_wanted", sum(subject.vm.memory_mb for subject in subjects), compute.memory_mb),
        )
        short = [say(what, need=need, has=has) for what, need, has in needs if has is not None and need > has]
        if short:
            says = say("placement_short", compute=compute.host, short=short)
            yield from (Found(subject.server.id, says) for subject in subjects)


CHECK = Check(
    severity="blocks",
    title="no room in Placement",
    way_out="Raise cpu_allocation_ratio or ram_allocation_ratio of the compute service to what the cluster "
    "really runs, or leave some VMs out.",
    find=_find,
)
