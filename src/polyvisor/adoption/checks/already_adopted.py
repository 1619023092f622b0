"""A VM that a server of Nova is already must not become a second one, nor a copy be taken for it."""

from collections.abc import Iterator

from polyvisor.adoption.checks import Check, Context, Found, Subject
from polyvisor.adoption.cloud import CloudServer
from polyvisor.adoption.message import say


def _find(context: Context) -> Iterator[Found]:
    servers = {server.id: server for server in context.cloud.servers}
    for subject in context.subjects:
        vm = subject.vm
        known = servers.get(vm.instance_uuid) or servers.get(vm.nova_uuid or "")
        if known and _is_copy(subject, known):
            yield Found(subject.server.id, say("is_copy_of_server", server=known.id, name=known.name))
        elif known:
            yield Found(subject.server.id, say("is_server", server=known.id, name=known.name))
        elif vm.nova_uuid:
            yield Found(subject.server.id, say("server_elsewhere", server=vm.nova_uuid))


def _is_copy(subject: Subject, known: CloudServer) -> bool:
    """The server's own VM has its id for an instance UUID, which a clone gets anew, and is in its vCenter."""
    elsewhere = known.node is not None and not known.node.endswith(f".{subject.discovery.vcenter.uuid}")
    return elsewhere or subject.vm.instance_uuid != known.id


CHECK = Check(
    severity="blocks",
    title="already a server of Nova",
    way_out="Leave it out. If the server that it names belongs to a cloud that is gone, remove "
    "nvp.vm-uuid from the VM's "
    "advanced configuration; if it belongs to another cloud, release it there first. A copy becomes a VM "
    "of its own with another instanceUuid, other MAC addresses, and without nvp.* and volume-* in its "
    "advanced configuration.",
    find=_find,
)
