# ruff: noqa: SLF001 - Nova's manager does these steps at the end of its own builds, under such names
"""Origin clone: the VM of a server is copied from that of another server of the same vCenter."""

from collections.abc import Iterator
from dataclasses import asdict, replace
from typing import Any

from nova import exception
from nova.compute import task_states, vm_states
from nova.objects.instance import Instance
from oslo_log import log as logging
from oslo_vmware.exceptions import VMwareDriverException

from polyvisor.nova import errors, origin, told, wish
from polyvisor.nova.clone import Clone
from polyvisor.nova.compute import copied_volumes, customization, keeping, scratch
from polyvisor.nova.compute.action import Action
from polyvisor.nova.compute.build_end import wait_for_nova
from polyvisor.nova.compute.clone import OrderedClone
from polyvisor.nova.compute.clone_vmops import CloneVMOps
from polyvisor.nova.compute.cluster import Cluster
from polyvisor.nova.compute.datastore_file import UploadFailed
from polyvisor.nova.compute.origins import Build
from polyvisor.nova.compute.place import Inventory, Place
from polyvisor.nova.compute.vmops import VMwareVMOps
from polyvisor.nova.compute.work import Plan
from polyvisor.nova.customization import from_files
from polyvisor.vsphere.clone import Order
from polyvisor.vsphere.clone_source import Source
from polyvisor.vsphere.faults import VSphereError
from polyvisor.vsphere.inventory import find_vm
from polyvisor.vsphere.refusal import PlacementRefused
from polyvisor.vsphere.session import moref
from polyvisor.vsphere.wish import Wish

LOG = logging.getLogger(__name__)

_EVENT = "polyvisor_clone"
_REFUSALS = (
    VSphereError,
    VMwareDriverException,
    UploadFailed,
    exception.DatastoreNotFound,
    errors.OperationLost,
    errors.OperationRefused,
    errors.SnapshotNotFound,
    errors.VCenterRefused,
    errors.VCenterUnavailable,
    errors.VirtualMachineNotFound,
)


def spawn(ops: VMwareVMOps, cluster: Cluster, build: Build) -> None:
    """Copy the VM, where the server's owner wished, else near the source.

    :raises nova.exception.BuildAbortException: it cannot be cloned; trying elsewhere would not help.
    """
    clone = Clone.read(build.instance.system_metadata)
    summary = f"clone server {clone.source} as {build.instance.uuid}"
    try:
        done = _spawn(ops, cluster, build, clone, summary)
    except Exception as error:
        build.operations.forget(build.instance)
        _tell(build, clone, f"{summary}: {error}", error)
        if isinstance(error, _REFUSALS):
            reason = f"server {clone.source} cannot be cloned: {told.reason(error)}"
            raise exception.BuildAbortException(instance_uuid=build.instance.uuid, reason=reason) from error
        raise
    build.operations.forget(build.instance)
    keeping.record(build.context, build.instance, _EVENT, done)
    _tell(build, clone, done)


def _spawn(ops: VMwareVMOps, cluster: Cluster, build: Build, clone: Clone, summary: str) -> str:
    """Build, and say what was done."""
    source, hosts, stores = cluster.clone_ground(clone)
    wished = (wish.read(build.instance.metadata) or Wish()).within(cluster.vcenter_uuid)
    place = _place(Inventory(hosts, stores), source, clone, wished)
    disks = copied_volumes.disks(source, clone)
    guest = customization.decide(from_files(build.injected_files), source, build.instance, build.network_info)

    def copy(order: Order) -> tuple[str, bool]:
        marks = {**order.identity.extra_config, **scratch.marks(source), **guest.extra_config}
        complete = replace(
            order,
            identity=replace(order.identity, extra_config=marks),
            volumes=frozenset(disks.values()),
            linked=clone.linked,
            customization=guest.specification,
        )
        work = OrderedClone(cluster, source, complete)
        details = {
            "uuid": build.instance.uuid,
            "destination": asdict(order.destination),
            "volumes": disks,
        }
        plan = Plan(vm=source.vm, summary=summary, details=details, before=source.tasks)
        made = build.operations.pursue(build.context, build.instance, plan, _Copying(build), work)
        vm = moref(made) if made else find_vm(cluster.session, build.instance.uuid)
        copied_volumes.give(ops, vm, disks, build.block_device_info)
        return vm, bool(made) and order.power_on

    power_on = not origin.is_left_off(build.instance.system_metadata)
    CloneVMOps.of(ops, place=place, copy=copy, power_on=power_on).spawn(
        build.context,
        build.instance,
        build.image_meta,
        [],
        build.admin_password,
        build.network_info,
        build.block_device_info,
    )
    copied_volumes.settle(build.context, build.instance, clone)
    return f"{summary}; {guest.warning}" if guest.warning else summary


def complete(
    ops: VMwareVMOps, cluster: Cluster, manager: Any, instance: Instance, disks: copied_volumes.Disks
) -> None:
    """End a build during which nova-compute was killed, after its VM was copied.

    Nova has put the server into ERROR meanwhile, and has kept its ports, volumes and allocations.

    :param manager: Nova's compute manager.
    :param disks: those of the VM that are to be volumes.
    """
    context = instance._context
    wait_for_nova(instance)
    vm = find_vm(cluster.session, instance.uuid)
    home = cluster.placement(instance.uuid)
    if home.host is None or home.datastore is None:
        raise errors.OperationLost(summary=f"VM {vm} has no host or no datastore that can be seen")
    stores = [store for store in cluster.all_datastores() if store.moref == home.datastore.moref]
    place = Place(home.host.moref, stays=False, stores=stores)
    power_on = not origin.is_left_off(instance.system_metadata)
    volumes = manager._get_instance_block_device_info(context, instance)
    copied_volumes.give(ops, vm, disks, volumes)
    CloneVMOps.of(ops, place=place, copy=lambda _order: (vm, False), power_on=power_on).spawn(
        context,
        instance,
        instance.image_meta,
        [],
        None,
        instance.get_network_info(),
        volumes,
    )
    copied_volumes.settle(context, instance, Clone.read(instance.system_metadata))
    manager._update_instance_after_spawn(instance)
    instance.save(expected_task_state=[None], expected_vm_state=[vm_states.ERROR])


def _place(inventory: Inventory, source: Source, clone: Clone, wished: Wish) -> Place:
    """Find the best place that the wish leaves: the source's own datastores first, then by free space.

    :raises PlacementRefused: there is none.
    """
    reading = source.datastores if clone.linked else frozenset()
    needed = 0 if clone.linked else source.disk_bytes
    needed += sum(source.volumes[volume].capacity_bytes for volume in clone.volumes.values())
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


class _Copying(Action):
    """The progress of a copy, which ends when its server is deleted: Nova waits for the end of the build."""

    def __init__(self, build: Build) -> None:
        super().__init__(build.context, build.instance, OrderedClone.noun, OrderedClone.task_state)
        self._build = build

    def progress(self, percent: int) -> None:
        """Show how far it is, 0 to 100."""
        super().progress(percent)
        server = self._build.instance.uuid
        now = Instance.get_by_uuid(self._build.context, server, expected_attrs=[])
        if now.task_state == task_states.DELETING:
            LOG.info("The server is deleted while it is being copied", instance=now)
            self._build.operations.abort(now, OrderedClone.noun)


def _tell(build: Build, clone: Clone, details: str, error: Exception | None = None) -> None:
    """Record the outcome with the source's action too, in whose history people look for it."""
    try:
        source = Instance.get_by_uuid(build.context, clone.source, expected_attrs=[])
    except exception.InstanceNotFound:
        LOG.info("The source of the clone is gone: %s", details, instance=build.instance)
        return
    action = Action(build.context, source, OrderedClone.noun, OrderedClone.task_state)
    if error is None:
        action.succeed(details)
    else:
        action.fail(details, error)
