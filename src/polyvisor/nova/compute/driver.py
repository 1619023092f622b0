"""The compute driver: Nova's own for vCenter, which builds servers where their owners say."""

import functools
from collections.abc import Mapping
from typing import Any

import nova.conf
from nova import exception, objects
from nova.compute import power_state, task_states, vm_states
from nova.context import RequestContext
from nova.objects.flavor import Flavor
from nova.objects.image_meta import ImageMeta
from nova.objects.instance import Instance
from nova.objects.migrate_data import VMwareLiveMigrateData
from nova.virt import driver
from nova.virt.hardware import InstanceInfo
from nova.virt.vmwareapi import driver as stock
from oslo_log import log as logging
from oslo_vmware.vim_util import get_moref_value
from typing_extensions import override

from polyvisor.nova import adoption, dependants, origin
from polyvisor.nova import task_states as our_task_states
from polyvisor.nova.compute import chain, cluster, endpoint, journal, keeping, left_off, nic
from polyvisor.nova.compute.adopted_vmops import AdoptedVMOps
from polyvisor.nova.compute.adoption import AdoptionEndpoint, Protection, Taking
from polyvisor.nova.compute.allocations import read_none as read_no_allocations
from polyvisor.nova.compute.capacity import Reports
from polyvisor.nova.compute.clone import CloneEndpoint, Cloning
from polyvisor.nova.compute.crossing import Crossing
from polyvisor.nova.compute.journal import Journal
from polyvisor.nova.compute.live_migration import LiveMigration
from polyvisor.nova.compute.network import ComputeNetworkAPI
from polyvisor.nova.compute.operation import Operations
from polyvisor.nova.compute.origins import Build, adopt, clone, image
from polyvisor.nova.compute.place import Inventory
from polyvisor.nova.compute.reclaiming import Reclaimer
from polyvisor.nova.compute.release import Release, ReleaseEndpoint
from polyvisor.nova.compute.relocation import Relocation, RelocationEndpoint
from polyvisor.nova.compute.session import BoundedSession
from polyvisor.nova.compute.snapshot_endpoint import KINDS, SnapshotEndpoint
from polyvisor.nova.compute.takeover import Takeover
from polyvisor.nova.compute.target import Target
from polyvisor.nova.compute.vmops import VMwareVMOps
from polyvisor.nova.compute.volume import VMwareVolumeOps
from polyvisor.nova.origin import Origin

LOG = logging.getLogger(__name__)
CONF = nova.conf.CONF

_ORIGINS = {Origin.IMAGE: image, Origin.CLONE: clone, Origin.ADOPT: adopt}


class VMwareVCDriver(stock.VMwareVCDriver):
    """One vCenter cluster as one compute node."""

    def __init__(self, virtapi: Any, scheme: str = "https") -> None:
        # Nova's driver looks its session up there, and has no other way to be given one.
        stock.session.VMwareAPISession = BoundedSession
        our_task_states.register()
        super().__init__(virtapi, scheme)
        self._journal = Journal(self._nodename, self._cluster_name)
        vsphere = cluster.connect()
        self._volumeops = VMwareVolumeOps(self._session, self._cluster_ref, vsphere)
        self._vmops = VMwareVMOps(
            self._session,
            virtapi,
            self._volumeops,
            self._cluster_ref,
            self._datastore_regex,
            journal=self._journal,
        )
        self._cluster = cluster.Cluster(
            session=vsphere,
            moref=get_moref_value(self._cluster_ref),
            name=self._cluster_name,
            vcenter_uuid=self._vcenter_uuid,
            datastore_regex=self._datastore_regex,
        )
        relocation = Relocation(self._cluster, self._volumeops)
        snapshots = [kind(self._cluster) for kind in KINDS]
        operations = Journal(self._nodename, self._cluster_name, journal.OPERATIONS)
        target = Target(self._cluster, self._session)
        crossing = Crossing(self._cluster, self._volumeops, virtapi, target)
        release = Release(self._cluster, virtapi)
        taking = Taking(self._cluster, self._complete_adoption)
        works = [relocation, crossing, Cloning(self._cluster, self._complete), taking, release, *snapshots]
        self._operations = Operations(self._cluster.session, operations, works)
        self._takeover = Takeover(self._operations, operations)
        self._nouns = [
            RelocationEndpoint(self._cluster, self._operations),
            CloneEndpoint(self._cluster),
            SnapshotEndpoint(self._cluster, snapshots, self._operations),
            AdoptionEndpoint(self._cluster),
            ReleaseEndpoint(release, self._operations),
        ]
        self._protection = Protection(self._cluster)
        self._reports = Reports()
        self._live_migration = LiveMigration(target, self._operations, crossing)
        self._host: str | None = None
        self._server: Any = None
        self._reclaimer: Reclaimer | None = None

    def init_host(self, host: str) -> None:
        """Take up what was under way, answer nova-api, and go back for what failed builds left."""
        super().init_host(host)
        manager = self.virtapi._compute  # noqa: SLF001 - Nova gives a driver no other way
        manager.network_api = ComputeNetworkAPI()
        read_no_allocations(manager)
        self._host = host
        self._takeover.start(host)
        self._server = endpoint.start(self._cluster, host, self._nouns)
        self._reclaimer = Reclaimer(self._vmops, self._journal, self._operations, host)
        self._reclaimer.start()

    def cleanup_host(self, host: str) -> None:
        """Stop all that, and log out."""
        self._takeover.stop()
        self._operations.stop()
        if self._reclaimer is not None:
            self._reclaimer.stop()
        if self._server is not None:
            self._server.stop()
            self._server.wait()
        self._cluster.session.close()
        super().cleanup_host(host)

    @override
    def get_available_resource(self, nodename: str) -> dict[str, Any]:
        """Tell what the cluster has; Nova asks once in a while, and then reports it to Placement."""
        self._reports.look()
        return super().get_available_resource(nodename)

    @override
    def update_provider_tree(self, provider_tree: Any, nodename: str, allocations: Any = None) -> None:
        """Report what the cluster has to Placement."""
        write = functools.partial(super().update_provider_tree, provider_tree, nodename, allocations)
        self._reports.report(provider_tree, nodename, write)

    @override
    def spawn(
        self,
        context: RequestContext,
        instance: Instance,
        image_meta: ImageMeta,
        injected_files: Any,
        admin_password: str | None,
        allocations: Any,
        network_info: Any = None,
        block_device_info: Any = None,
        power_on: bool = True,
        accel_info: Any = None,
    ) -> None:
        """Make the VM of a server."""
        build = Build(
            context,
            instance,
            image_meta,
            injected_files,
            admin_password,
            network_info,
            block_device_info,
            self._operations,
        )
        _origin_of(build).spawn(self._vmops, self._cluster, build)
        if build.is_new and origin.is_left_off(instance.system_metadata):
            left_off.announce(self, instance.uuid)

    @override
    def get_info(self, instance: Instance, use_cache: bool = True) -> InstanceInfo:
        """Tell the power state.

        Nova powers a VM off that runs although its server is stopped. An adopted one was started by somebody
        who may, in vCenter: the server then runs.
        """
        info = super().get_info(instance, use_cache=use_cache)
        started = info.state == power_state.RUNNING and instance.vm_state == vm_states.STOPPED
        if started and adoption.is_adopted(instance):
            left_off.notice_start(instance)
        return info

    def _complete(self, instance: Instance, volumes: Mapping[str, int]) -> None:
        """End the build of a clone that was interrupted."""
        manager = self.virtapi._compute  # noqa: SLF001 - Nova's drivers have no other way to it
        clone.complete(self._vmops, self._cluster, manager, instance, volumes)
        if origin.is_left_off(instance.system_metadata):
            left_off.announce(self, instance.uuid)

    def _complete_adoption(self, instance: Instance) -> None:
        """End the build of an adopted server that was interrupted."""
        manager = self.virtapi._compute  # noqa: SLF001 - as above
        adopt.complete(manager, instance)

    @override
    def destroy(
        self,
        context: RequestContext,
        instance: Instance,
        network_info: Any,
        block_device_info: Any = None,
        destroy_disks: bool = True,
        destroy_secrets: bool = True,
    ) -> None:
        """Remove the VM of a server; for a rebuild, not before a new one can be placed.

        Volumes are first given what their snapshots hold back. A VM that was adopted is not Nova's to remove.
        """
        reverting = instance.task_state == task_states.RESIZE_REVERTING
        if not reverting and adoption.is_adopted(instance) and not self._protection.lets_destroy(instance):
            return
        if instance.task_state == task_states.REBUILDING and keeping.read(instance):
            Inventory.read(self._cluster)
        if destroy_disks and (clones := dependants.find(context, instance)):
            # Nova's API has refused it before; this is for whatever came in between.
            reason = dependants.reason(f"server {instance.uuid}", clones)
            raise exception.InstancePowerOffFailure(reason=reason)
        if instance.node and not reverting and driver.block_device_info_get_mapping(block_device_info):
            chain.merge(self._cluster, instance)
        super().destroy(context, instance, network_info, block_device_info, destroy_disks, destroy_secrets)

    @override
    def migrate_disk_and_power_off(
        self,
        context: RequestContext,
        instance: Instance,
        dest: str,
        flavor: Flavor,
        network_info: Any,
        block_device_info: Any = None,
        timeout: int = 0,
        retry_interval: int = 0,
    ) -> Any:
        """Begin a resize.

        :raises nova.exception.InstanceFaultRollback: to another cluster, which Nova's driver books but does
            not do; or snapshots hold the disks that it would replace. Nothing has been changed then.
        """
        migration = objects.Migration.get_by_id(context, instance.migration_context.migration_id)
        if migration.dest_compute != migration.source_compute:
            reason = (
                f"resize cannot take a VM from the cluster of {migration.source_compute} to that of "
                f"{migration.dest_compute}; enable PlacementFilter and allow_resize_to_same_host"
            )
            raise exception.InstanceFaultRollback(exception.ResizeError(reason=reason))
        self._check_adopted_disks(instance, flavor)
        chain.check_resize(self._cluster, instance, flavor)
        keeping.compare(self._cluster, context, instance)
        return self._ops_for(instance).migrate_disk_and_power_off(context, instance, dest, flavor)

    def _check_adopted_disks(self, instance: Instance, flavor: Flavor) -> None:
        against = adoption.against_resize(instance.flavor, flavor) if adoption.is_adopted(instance) else None
        if against:
            raise exception.InstanceFaultRollback(exception.ResizeError(reason=against))

    @override
    def confirm_migration(
        self, context: RequestContext, migration: objects.Migration, instance: Instance, network_info: Any
    ) -> None:
        """Remove what was kept for the revert of a resize."""
        self._ops_for(instance).confirm_migration(migration, instance, network_info)

    @override
    def finish_migration(
        self,
        context: RequestContext,
        migration: objects.Migration,
        instance: Instance,
        disk_info: Any,
        network_info: Any,
        image_meta: ImageMeta,
        resize_instance: bool,
        allocations: Any,
        block_device_info: Any = None,
        power_on: bool = True,
        share_info: Any = None,
    ) -> None:
        """End a resize."""
        self._staying(context, instance).finish_migration(
            context,
            migration,
            instance,
            disk_info,
            network_info,
            image_meta,
            resize_instance,
            block_device_info,
            power_on,
        )

    @override
    def finish_revert_migration(
        self,
        context: RequestContext,
        instance: Instance,
        network_info: Any,
        migration: objects.Migration,
        block_device_info: Any = None,
        power_on: bool = True,
        share_info: Any = None,
    ) -> None:
        """End the revert of a resize."""
        self._staying(context, instance).finish_revert_migration(
            context, instance, network_info, block_device_info, power_on
        )

    @override
    def rescue(
        self,
        context: RequestContext,
        instance: Instance,
        network_info: Any,
        image_meta: ImageMeta,
        rescue_password: str,
        block_device_info: Any,
        share_info: Any,
    ) -> None:
        """Boot from a rescue disk, where the VM is."""
        keeping.compare(self._cluster, context, instance)
        self._staying(context, instance).rescue(context, instance, network_info, image_meta)

    def unrescue(self, context: RequestContext, instance: Instance) -> None:
        """Boot from the root disk again, where the VM is."""
        self._staying(context, instance).unrescue(instance)

    @override
    def power_on(
        self,
        context: RequestContext,
        instance: Instance,
        network_info: Any,
        block_device_info: Any = None,
        accel_info: Any = None,
        share_info: Any = None,
    ) -> None:
        """Power on, where the VM is."""
        self._staying(context, instance).power_on(instance)

    @override
    def check_can_live_migrate_destination(
        self,
        context: RequestContext,
        instance: Instance,
        src_compute_info: Any,
        dst_compute_info: Any,
        block_migration: bool | None = False,
        disk_over_commit: bool | None = False,
    ) -> VMwareLiveMigrateData:
        """Describe this cluster to the source."""
        return self._live_migration.describe_destination()

    @override
    def check_can_live_migrate_source(
        self,
        context: RequestContext,
        instance: Instance,
        dest_check_data: VMwareLiveMigrateData,
        block_device_info: Any = None,
    ) -> VMwareLiveMigrateData:
        """Check whether the VM can be moved to the destination's cluster."""
        self._live_migration.check(context, instance, dest_check_data)
        return dest_check_data

    @override
    def live_migration(
        self,
        context: RequestContext,
        instance: Instance,
        dest: str,
        post_method: functools.partial[None],
        recover_method: functools.partial[None],
        block_migration: bool = False,
        migrate_data: Any = None,
    ) -> None:
        """Move the VM to the destination's cluster."""
        # What Nova has bound to its callbacks is not handed over otherwise.
        volumes = post_method.keywords["source_bdms"]
        self._live_migration.run(context, instance, dest, migrate_data, volumes)

    def live_migration_abort(self, instance: Instance) -> None:
        """Have vCenter cancel the move."""
        self._operations.abort(instance, Crossing.noun)

    @override
    def rollback_live_migration_at_destination(
        self,
        context: RequestContext,
        instance: Instance,
        network_info: Any,
        block_device_info: Any,
        destroy_disks: bool = True,
        migrate_data: Any = None,
    ) -> None:
        """Do nothing. There is one VM, which goes on at the source; Nova's own driver would destroy it."""

    @override
    def detach_volume(
        self, context: RequestContext, connection_info: Any, instance: Instance, *args: Any, **kwargs: Any
    ) -> None:
        """Detach a volume, unless a snapshot holds it, or a live migration to this cluster has failed.

        Nova then has the destination disconnect the volumes, and the destination sees the same, running VM.
        """
        if instance.host in (None, self._host):
            chain.check_detach(self._cluster, instance, connection_info)
            super().detach_volume(context, connection_info, instance, *args, **kwargs)

    @override
    def detach_interface(self, context: RequestContext, instance: Instance, vif: Any) -> None:
        """Remove the NIC of a port; not that of an adopted server whose port was deleted under it.

        Nova hears of such a deletion from Neutron, and would take the NIC out of the VM. To detach the port
        does that.
        """
        if adoption.is_adopted(instance) and nic.is_gone(context, vif["id"]):
            LOG.warning("Port %s is deleted; its network adapter stays", vif["id"], instance=instance)
            return
        super().detach_interface(context, instance, vif)

    def _staying(self, context: RequestContext, instance: Instance) -> VMwareVMOps:
        return keeping.staying(self._ops_for(instance), self._cluster, context, instance)

    def _ops_for(self, instance: Instance) -> VMwareVMOps:
        return AdoptedVMOps.of(self._vmops) if adoption.is_adopted(instance) else self._vmops


def _origin_of(build: Build) -> Any:
    """Return the module that makes the VM. What is built again later is built from an image."""
    name = origin.read(build.instance.system_metadata) if build.is_new else Origin.IMAGE
    try:
        return _ORIGINS[Origin(name)]
    except ValueError:
        reason = f"this compute service does not know servers of origin {name}; upgrade it"
        raise exception.BuildAbortException(instance_uuid=build.instance.uuid, reason=reason) from None
