"""Origin clone: the VM of a server is copied from that of another server of the same vCenter."""

from collections.abc import Iterator
from dataclasses import replace

from nova import exception
from oslo_log import log as logging

from polyvisor.nova import errors, wish
from polyvisor.nova.clone import Clone
from polyvisor.nova.compute.clone import CloneVMOps
from polyvisor.nova.compute.cluster import Cluster
from polyvisor.nova.compute.origins import Build
from polyvisor.nova.compute.place import Inventory, Place
from polyvisor.nova.compute.vmops import VMwareVMOps
from polyvisor.vsphere import clone as vsphere
from polyvisor.vsphere.clone import Order, Source
from polyvisor.vsphere.faults import VSphereError
from polyvisor.vsphere.refusal import PlacementRefused
from polyvisor.vsphere.session import moref
from polyvisor.vsphere.task import wait_for_task
from polyvisor.vsphere.wish import Wish

LOG = logging.getLogger(__name__)


def spawn(ops: VMwareVMOps, cluster: Cluster, build: Build) -> None:
    """Copy the VM, where the server's owner wished, else near the source.

    :raises nova.exception.BuildAbortException: it cannot be cloned; trying elsewhere would not help.
    """
    wanted = Clone.read(build.instance.system_metadata)
    try:
        source = cluster.clone_source(wanted)
        place = _place(Inventory.read(cluster), source, wanted, wish.read(build.instance.metadata) or Wish())
        _copying(ops, cluster, wanted, source, place).spawn(
            build.context,
            build.instance,
            build.image_meta,
            build.injected_files,
            build.admin_password,
            build.network_info,
            build.block_device_info,
        )
    except (
        VSphereError,
        errors.VCenterUnavailable,
        errors.VCenterRefused,
        errors.VirtualMachineNotFound,
    ) as error:
        reason = f"server {wanted.source} cannot be cloned: {error}"
        raise exception.BuildAbortException(instance_uuid=build.instance.uuid, reason=reason) from error


def _copying(ops: VMwareVMOps, cluster: Cluster, wanted: Clone, source: Source, place: Place) -> CloneVMOps:
    def copy(order: Order) -> str:
        task = vsphere.start_clone(cluster.session, source, replace(order, linked=wanted.linked))
        return moref(wait_for_task(cluster.session, task, timeout=24 * 3600))

    return CloneVMOps.of(ops.at(place), host=place.host, copy=copy, power_on=wanted.power_on)


def _place(inventory: Inventory, source: Source, wanted: Clone, wished: Wish) -> Place:
    """Find the best place that the wish leaves: the source's own datastores first, then by free space.

    :raises PlacementRefused: there is none.
    """
    reading = source.datastores if wanted.linked else frozenset()
    needed = 0 if wanted.linked else source.disk_bytes
    refusals: list[PlacementRefused] = []
    for attempt in _attempts(inventory, source, wished):
        try:
            return inventory.find(attempt, disk_bytes=needed, reading=reading)
        except PlacementRefused as refusal:
            refusals.append(refusal)
    raise max(refusals, key=lambda refusal: refusal.rank)


def _attempts(inventory: Inventory, source: Source, wished: Wish) -> Iterator[Wish]:
    if wished.datastore is not None:
        yield wished
        return
    for store in sorted(
        inventory.datastores, key=lambda store: (store.moref not in source.datastores, -store.free_bytes)
    ):
        yield Wish(host=wished.host, datastore=store.moref)
