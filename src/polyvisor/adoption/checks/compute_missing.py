"""A server lives on a nova-compute service; for the VM's cluster there must be one."""

from collections.abc import Iterator

from polyvisor.adoption.checks import Check, Context, Found
from polyvisor.adoption.message import say


def _find(context: Context) -> Iterator[Found]:
    if not context.cloud.asked:
        return
    for subject in context.subjects:
        if subject.server.compute is None:
            cluster = subject.server.vm.cluster
            says = say("cluster_unmanaged", cluster=cluster) if cluster else say("cluster_unknown")
            yield Found(subject.server.id, says)


CHECK = Check(
    severity="blocks",
    title="cluster without a compute service",
    way_out="Run a nova-compute service with Polyvisor's driver for the cluster, or move the VM to a "
    "cluster that has one.",
    find=_find,
)
