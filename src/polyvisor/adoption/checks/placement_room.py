"""Nova places an adopted server as all others: Placement must have room on its cluster."""

from collections import defaultdict
from collections.abc import Iterator

from polyvisor.adoption.checks import Check, Context, Found, Subject


def _find(context: Context) -> Iterator[Found]:
    users: dict[str, list[Subject]] = defaultdict(list)
    for subject in context.subjects:
        if subject.server.adopt and subject.server.compute:
            users[subject.server.compute].append(subject)
    for compute in context.cloud.computes.values():
        subjects = users.get(compute.host, [])
        needs = (
            ("vCPUs", sum(subject.vm.vcpus for subject in subjects), compute.vcpus),
            ("MB of memory", sum(subject.vm.memory_mb for subject in subjects), compute.memory_mb),
        )
        short = [f"{need} {what} of {left}" for what, need, left in needs if left is not None and need > left]
        if short:
            says = f"Compute service {compute.host} has no room for all of its VMs: {', '.join(short)} left."
            yield from (Found(subject.server.id, says) for subject in subjects)


CHECK = Check(
    severity="blocks",
    title="no room in Placement",
    way_out="Raise cpu_allocation_ratio or ram_allocation_ratio of the compute service to what the cluster "
    "really runs, or leave some VMs out.",
    find=_find,
)
