"""A VM is found by its instance UUID: of two with one UUID, the wrong one could be taken, or deleted."""

from collections import defaultdict
from collections.abc import Iterator

from polyvisor.adoption.checks import Check, Context, Found
from polyvisor.adoption.message import say


def _find(context: Context) -> Iterator[Found]:
    users: dict[str, list[str]] = defaultdict(list)
    for discovery in context.discoveries:
        for vm in discovery.vms:
            if vm.instance_uuid:
                users[vm.instance_uuid].append(f"{discovery.vcenter.address}{discovery.path(vm)}")
    for subject in context.subjects:
        uuid = subject.vm.instance_uuid
        if len(users.get(uuid, ())) > 1:
            others = [place for place in users[uuid] if place != subject.place] or [subject.place]
            yield Found(subject.server.id, say("uuid_of_others", uuid=uuid, others=", ".join(others)))


CHECK = Check(
    severity="blocks",
    title="duplicate instance UUID",
    way_out="Give all but one of the VMs another instance UUID in vCenter (reconfigure instanceUuid), "
    "then discover again. If one is a copy of the other, as in another vCenter, give the copy MAC addresses "
    "of its own too, or leave it out.",
    find=_find,
)
