"""Quota and Placement count what the flavor says, whatever the VM has."""

from collections.abc import Iterator

from polyvisor.adoption.checks import Check, Context, Found
from polyvisor.adoption.flavors import shape
from polyvisor.adoption.message import say


def _find(context: Context) -> Iterator[Found]:
    for subject in context.subjects:
        name = subject.server.flavor or ""
        flavor = context.flavors.get(name)
        vcpus, ram_mb, _ = shape(subject.vm)
        if name and flavor is None:
            yield Found(subject.server.id, say("flavor_missing", flavor=name))
        elif flavor and (flavor.vcpus, flavor.ram_mb) != (vcpus, ram_mb):
            counted = {"vcpus": flavor.vcpus, "ram": flavor.ram_mb, "vm_vcpus": vcpus, "vm_ram": ram_mb}
            yield Found(subject.server.id, say("flavor_unlike", flavor=name, **counted))


CHECK = Check(
    severity="blocks",
    title="flavor of another size",
    way_out='Take "flavor" out of the plan or the rule, and one of the VM\'s size is found or made. Or give '
    "the VM that size in vCenter: Nova adopts no other.",
    find=_find,
)
