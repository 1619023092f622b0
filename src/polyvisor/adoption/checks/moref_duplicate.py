"""Each vCenter counts its objects from the same number, so a moref alone names several VMs."""

from collections import defaultdict
from collections.abc import Iterator

from polyvisor.adoption.checks import Check, Context, Found
from polyvisor.adoption.message import say


def _find(context: Context) -> Iterator[Found]:
    users: dict[str, set[str]] = defaultdict(set)
    for discovery in context.discoveries:
        for vm in discovery.vms:
            users[vm.moref].add(discovery.vcenter.address)
    for subject in context.subjects:
        others = users[subject.vm.moref] - {subject.discovery.vcenter.address}
        if others:
            says = say("moref_of_others", vcenters=", ".join(sorted(others)), moref=subject.vm.moref)
            yield Found(subject.server.id, says)


CHECK = Check(
    severity="note",
    title="the same moref in two vCenters",
    way_out="None needed: everywhere a VM is named with its vCenter's UUID. Do so in your own scripts.",
    find=_find,
)
