"""A server lives on a nova-compute service; for the VM's cluster there must be one."""

from collections.abc import Iterator

from polyvisor.adoption.checks import Check, Context, Found


def _find(context: Context) -> Iterator[Found]:
    if not context.cloud.asked:
        return
    for subject in context.subjects:
        if subject.server.compute is None:
            name = subject.server.vm.cluster or "none that is known"
            yield Found(subject.server.id, f"No nova-compute service manages its cluster ({name}).")


CHECK = Check(
    severity="blocks",
    title="cluster without a compute service",
    way_out="Run a nova-compute service with Polyvisor's driver for the cluster, or move the VM to a "
    "cluster that has one.",
    find=_find,
)
