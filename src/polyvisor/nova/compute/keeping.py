"""Operations on a server that exists: they keep to its wish where it still holds, and say so where not.

A production server must stay operable when the host it was wished on is gone. What was let go of is an event
of the server's action (``openstack server event show``, field ``details``), and a warning in the log.
"""

from collections.abc import Iterator

import nova.conf
from nova import objects
from nova.context import RequestContext
from nova.exception import InstanceActionNotFound
from nova.objects.instance import Instance
from oslo_log import log as logging
from oslo_utils import timeutils

from polyvisor.nova import errors, wish
from polyvisor.nova.compute.cluster import Cluster
from polyvisor.nova.compute.place import Inventory, Place
from polyvisor.nova.compute.vmops import VMwareVMOps
from polyvisor.vsphere.naming import is_named
from polyvisor.vsphere.placement import Placement, Reference
from polyvisor.vsphere.refusal import PlacementRefused
from polyvisor.vsphere.wish import Wish

LOG = logging.getLogger(__name__)
CONF = nova.conf.CONF

EVENT = "polyvisor_placement"


def find(
    inventory: Inventory, wished: Wish, context: RequestContext, instance: Instance, *, disk_bytes: int
) -> Place | None:
    """Find a place for a server that is built again: as wished, or half, or (None) wherever Nova chooses.

    The datastore outlives the host if one of them must go: that is where the data are.
    """
    refusals: list[str] = []
    for attempt in _weaker_and_weaker(wished):
        try:
            place = inventory.find(attempt, disk_bytes=disk_bytes)
        except PlacementRefused as refusal:
            refusals.append(str(refusal))
            continue
        if refusals:
            say(context, instance, f"built {_described(attempt)} only: {refusals[0]}")
        return place
    say(context, instance, f"built without regard to the wish: {refusals[0]}")
    return None


def staying(ops: VMwareVMOps, cluster: Cluster, context: RequestContext, instance: Instance) -> VMwareVMOps:
    """Return operations that power the VM on where it is, if a host was wished for.

    DRS may otherwise choose another host at each power-on. The VM is not brought back to the host wished for
    if it is elsewhere: an operator has moved it, or vSphere HA has saved it.
    """
    wished = read(instance)
    if wished is None or wished.host is None:
        return ops
    host = cluster.placement(instance.uuid).host
    if host is None:
        return ops
    try:
        Inventory.read(cluster).find(Wish(host=host.moref, datastore=None), disk_bytes=0)
    except PlacementRefused as refusal:
        say(context, instance, f"powered on wherever vCenter chooses: {refusal}")
        return ops
    return ops.staying(host.moref)


def compare(cluster: Cluster, context: RequestContext, instance: Instance) -> None:
    """Say so if the VM is not where its owner wished."""
    wished = read(instance)
    if wished is not None:
        wished = wished.within(cluster.vcenter_uuid)
        for difference in _differences(cluster.placement(instance.uuid), wished):
            say(context, instance, difference)


def read(instance: Instance) -> Wish | None:
    """Read the wish; one that cannot be understood is none: its owner may have changed it since."""
    try:
        return wish.read(instance.metadata)
    except errors.WishInvalid as error:
        LOG.warning("%s", error, instance=instance)
        return None


def say(context: RequestContext, instance: Instance, details: str) -> None:
    """Record what became of a wish, where operators look."""
    LOG.warning("The placement wish of the server does not hold: %s", details, instance=instance)
    record(context, instance, EVENT, details)


def record(context: RequestContext, instance: Instance, name: str, details: str) -> None:
    """Add an event to the action that is under way."""
    now = timeutils.utcnow()
    event = objects.InstanceActionEvent(
        context,
        event=name,
        start_time=now,
        finish_time=now,
        result="Success",
        host=CONF.host,
        details=details,
    )
    try:
        event.create(instance.uuid, context.request_id)
    except InstanceActionNotFound:
        # Nova's own periodic and start-up work belongs to no action; the log has it.
        LOG.debug("No action to record this with", instance=instance)


def _weaker_and_weaker(wished: Wish) -> list[Wish]:
    attempts = [wished]
    if wished.host and wished.datastore:
        attempts += [Wish(host=None, datastore=wished.datastore), Wish(host=wished.host, datastore=None)]
    return attempts


def _described(attempt: Wish) -> str:
    return f"on datastore {attempt.datastore}" if attempt.datastore else f"on host {attempt.host}"


def _differences(placement: Placement, wished: Wish) -> Iterator[str]:
    if wished.host and not _is(placement.host, wished.host):
        yield f"the VM is on host {_name(placement.host)}, not on {wished.host}"
    for disk in placement.disks:
        if wished.datastore and not _is(disk.datastore, wished.datastore):
            yield f"{disk.label} is on datastore {_name(disk.datastore)}, not on {wished.datastore}"


def _is(where: Reference | None, wished: str) -> bool:
    return where is not None and (where.moref == wished or is_named(where.name, wished))


def _name(where: Reference | None) -> str:
    return where.name if where else "unknown"
