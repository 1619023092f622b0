"""Which clones still need the VM of a server: linked ones its disks, those that are being copied the whole.

A server that was ever cloned is marked, in system metadata, so that no other costs a search.
"""

from collections.abc import Collection, Iterable

from nova.compute import vm_states
from nova.context import RequestContext
from nova.objects.instance import Instance, InstanceList

from polyvisor.nova.clone import Clone, is_clone, of_source

CLONED = "polyvisor:cloned"


def mark(server: Instance) -> None:
    """Mark a server as cloned.

    :raises nova.exception.UnexpectedTaskStateError: something has been begun with it meanwhile.
    """
    if CLONED not in server.system_metadata:
        server.system_metadata[CLONED] = "true"
        server.save(expected_task_state=[None])


def find(context: RequestContext, server: Instance, snapshots: Collection[str] | None = None) -> list[str]:
    """Return the UUIDs of the clones in one cell that still need a server, or some snapshots (ids) of it."""
    if CLONED not in server.system_metadata:
        return []
    filters = {"system_metadata": of_source(server.uuid), "deleted": False}
    clones = InstanceList.get_by_filters(context.elevated(), filters, expected_attrs=["system_metadata"])
    return needing(clones, server.uuid, snapshots)


def needing(clones: Iterable[Instance], server: str, snapshots: Collection[str] | None = None) -> list[str]:
    """Return which of some servers still need the server, or some snapshots of it."""
    return [
        clone.uuid for clone in clones if is_clone(clone.system_metadata) and _needs(clone, server, snapshots)
    ]


def _needs(instance: Instance, server: str, snapshots: Collection[str] | None) -> bool:
    clone = Clone.read(instance.system_metadata)
    if clone.source != server or (snapshots is not None and clone.snapshot not in snapshots):
        return False
    return clone.linked or instance.vm_state == vm_states.BUILDING


def reason(what: str, clones: list[str]) -> str:
    """Say why something cannot be deleted."""
    names = ", ".join(sorted(clones)[:5]) + (" and others" if len(clones) > 5 else "")
    return (
        f"The disks of {what} cannot be deleted: {len(clones)} clones need them: {names}. Delete these "
        "first, or wait for those that are being built"
    )
