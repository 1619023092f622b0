"""A VM that a server of Nova is already must not become a second one."""

from collections.abc import Iterator

from polyvisor.adoption.checks import Check, Context, Found


def _find(context: Context) -> Iterator[Found]:
    servers = {server.id: server for server in context.cloud.servers}
    for subject in context.subjects:
        vm = subject.vm
        known = servers.get(vm.instance_uuid) or servers.get(vm.nova_uuid or "")
        if known:
            yield Found(subject.server.id, f"It is server {known.id} ({known.name}) already.")
        elif vm.nova_uuid:
            yield Found(
                subject.server.id,
                f"Nova wrote into it that it is server {vm.nova_uuid}, which this cloud has not.",
            )


CHECK = Check(
    severity="blocks",
    title="already a server of Nova",
    way_out="Leave it out. If the server that it names belongs to a cloud that is gone, remove "
    "nvp.vm-uuid from the VM's "
    "advanced configuration; if it belongs to another cloud, release it there first.",
    find=_find,
)
