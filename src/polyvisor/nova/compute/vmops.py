# ruff: noqa: SLF001 - the hooks that Nova has for this begin with an underscore
"""Operations on VMs: Nova's own, kept to the place that the server's owner asked for."""

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

import nova.conf
from nova import exception, utils
from nova.api.metadata import base as instance_metadata
from nova.compute import task_states, vm_states
from nova.context import RequestContext
from nova.objects.flavor import Flavor
from nova.objects.instance import Instance
from nova.virt import configdrive
from nova.virt.vmwareapi import ds_util, images, vm_util
from nova.virt.vmwareapi import vmops as stock
from oslo_concurrency import lockutils
from oslo_log import log as logging
from oslo_utils import units
from oslo_vmware import exceptions as vexc
from oslo_vmware import vim_util as vutil
from oslo_vmware.objects.datastore import DatastorePath
from typing_extensions import override

from polyvisor.nova import errors
from polyvisor.nova.compute import datastore_file, leftovers, orphan, scratch, vif
from polyvisor.nova.compute.adoption import require_unlocked
from polyvisor.nova.compute.journal import Journal
from polyvisor.nova.compute.naming import vm_name
from polyvisor.nova.compute.place import Place
from polyvisor.nova.compute.session import PinnedSession
from polyvisor.vsphere import faults
from polyvisor.vsphere.adoption import RECORD_PROPERTY
from polyvisor.vsphere.naming import unescape

LOG = logging.getLogger(__name__)
CONF = nova.conf.CONF

_STILL_CREATING = (
    "vCenter has not ended a VM creation that began before, and which may be this server's; "
    "see [polyvisor] vcenter_driver_timeout"
)


class _OneOf:
    """Stands where Nova has a compiled `datastore_regex`: matches the names it is given, literally."""

    def __init__(self, names: frozenset[str]) -> None:
        self._names = names
        self.pattern = " or ".join(sorted(names))

    def match(self, name: str) -> bool:
        return unescape(name) in self._names


class VMwareVMOps(stock.VMwareVMOps):
    """Nova's operations, which leave nothing behind and stay where they are told to."""

    def __init__(self, *args: Any, journal: Journal, **kwargs: Any) -> None:
        """Make Nova's operations, with a journal of the builds."""
        # Nova's operations look for port groups and names there, and have no other way to be led to ours.
        stock.vmwarevif = vif
        vm_util._get_vm_name = vm_name
        super().__init__(*args, **kwargs)
        self._journal = journal

    def at(self, place: Place) -> Self:
        """Return these operations for one build, at a given place.

        A copy, as several builds run at once; caches and locks are shared.
        """
        ops = copy.copy(self)
        ops._session = PinnedSession(
            self._session, create_on=place.host, start_on=place.host if place.stays else None
        )
        ops._datastore_regex = _OneOf(place.datastores)
        return ops

    def staying(self, host: str) -> Self:
        """Return these operations for a VM that is to be powered on on this ESXi host (a moref)."""
        ops = copy.copy(self)
        ops._session = PinnedSession(self._session, start_on=host)
        return ops

    def build_virtual_machine(self, *args: Any, **kwargs: Any) -> Any:
        """Create the VM in the folder of its project."""
        try:
            return self._build_virtual_machine(*args, **kwargs)
        except (vexc.ManagedObjectNotFoundException, faults.NotFound):
            # Nova remembers folders for ever; somebody has removed this one in vCenter.
            vm_util._FOLDER_PATH_REF_MAPPING.clear()
            return self._build_virtual_machine(*args, **kwargs)

    def _build_virtual_machine(self, *args: Any, **kwargs: Any) -> Any:
        return super().build_virtual_machine(*args, **kwargs)

    @override
    def spawn(self, context: RequestContext, instance: Instance, *args: Any, **kwargs: Any) -> None:
        """Build the VM of a server, remembered until it is there."""
        self._journal.begin(instance.uuid)
        super().spawn(context, instance, *args, **kwargs)
        self._journal.end(instance.uuid)

    def remove(self, instance: Instance) -> None:
        """Remove what a build of this server made, finished or not.

        :raises nova.exception.InstancePowerOffFailure: vCenter may still make the VM, so Nova must not build
            the server elsewhere.
        """
        finished = leftovers.wait_for_creations(self._session)
        self._destroy_instance(instance)
        leftovers.remove(self._session, self._cluster, instance.uuid)
        if finished:
            self._journal.end(instance.uuid)
            return
        self._journal.begin(instance.uuid)
        if instance.task_state != task_states.DELETING:
            raise exception.InstancePowerOffFailure(reason=_STILL_CREATING)

    def reclaim(self, server: Instance) -> None:
        """Remove what failed builds left, of a server that Nova no longer has on any host.

        :raises orphan.NotAnOrphan: vCenter has a VM of this UUID that must not be touched.
        :raises nova.exception.InstancePowerOffFailure: vCenter may still make the VM.
        """
        finished = leftovers.wait_for_creations(self._session)
        orphan.remove(self._session, self._cluster, server)
        leftovers.remove(self._session, self._cluster, server.uuid)
        if not finished:
            raise exception.InstancePowerOffFailure(reason=_STILL_CREATING)
        self._journal.end(server.uuid)

    def destroy(self, instance: Instance, destroy_disks: bool = True) -> None:
        """Remove the VM of a server, and what is left of builds that never ended.

        :raises nova.exception.InstancePowerOffFailure: the VM is still there, so Nova must neither forget
            the server nor give its addresses to another.
        """
        if destroy_disks and (instance.launched_at is None or instance.vm_state == vm_states.ERROR):
            self.remove(instance)
        else:
            self._destroy_instance(instance, destroy_disks=destroy_disks)

    def _destroy_instance(self, instance: Instance, destroy_disks: bool = True) -> None:
        vm = vm_util._get_vm_ref_from_vm_uuid(self._session, instance.uuid)
        folder = leftovers.folder_of(self._session, vm) if vm and destroy_disks else None
        if vm and self._was_adopted(vm):
            # Asked of the VM itself, whatever Nova's database says of the server.
            require_unlocked(instance)
            self._destroy_own_files(instance, vm)
            folder = None
        elif folder and self._volumeops.others_need(vm, *folder[:2]):
            self._destroy_own_files(instance, vm)
            folder = None
        else:
            super()._destroy_instance(instance, destroy_disks=destroy_disks)
        # Nova logs whatever went wrong and goes on as if the VM were gone.
        if vm_util._get_vm_ref_from_vm_uuid(self._session, instance.uuid):
            raise exception.InstancePowerOffFailure(
                reason=f"the VM of server {instance.uuid} is still in vCenter; the log of nova-compute on "
                f"{CONF.host} says why. Delete the server again when that is mended"
            )
        if folder:
            leftovers.remove_folder(self._session, *folder)

    def _was_adopted(self, vm: Any) -> bool:
        return bool(self._session._call_method(vutil, "get_object_property", vm, RECORD_PROPERTY))

    def _remove_ephemerals_and_swap(self, vm_ref: Any) -> None:
        super()._remove_ephemerals_and_swap(vm_ref)
        scratch.remove(self._session, vm_ref)

    # --- disks that snapshots hold: left where they are ---

    def _resize_disk(self, instance: Instance, vm_ref: Any, vmdk: Any, flavor: Flavor) -> None:
        # Nova takes the root disk away and attaches its present file anew. With snapshots, that is the end of
        # a chain; `chain.check_resize` has seen to it that the disk need not grow.
        if not self._has_snapshots(vm_ref):
            super()._resize_disk(instance, vm_ref, vmdk, flavor)

    def _revert_migration_update_disks(
        self, vm_ref: Any, instance: Instance, vmdk: Any, block_device_info: Any
    ) -> None:
        if not self._has_snapshots(vm_ref):
            super()._revert_migration_update_disks(vm_ref, instance, vmdk, block_device_info)
        elif vmdk.capacity_in_bytes > instance.flavor.root_gb * units.Gi > 0:
            reason = "A snapshot taken since holds the larger root disk; delete it, then revert the resize"
            raise errors.SnapshotRefused(reason=reason)

    def _has_snapshots(self, vm_ref: Any) -> bool:
        return bool(self._session._call_method(vutil, "get_object_property", vm_ref, "rootSnapshot"))

    def _destroy_own_files(self, instance: Instance, vm: Any) -> None:
        """Let vCenter remove the VM: Nova would delete its folder with all that is in it."""
        LOG.info("Disks in the folder of the VM are needed by others; the folder stays", instance=instance)
        vm_util.power_off_instance(self._session, instance, vm)
        task = self._session._call_method(self._session.vim, "Destroy_Task", vm)
        self._session._wait_for_task(task)
        vm_util.vm_ref_cache_delete(instance.uuid)

    # --- images: found again by the server's UUID, fetched once, over verified TLS ---

    def _get_image_callbacks(self, vi: Any) -> tuple[Callable[..., Any], ...]:
        ops = copy.copy(self)
        ops._tmp_folder = f"{leftovers.TEMPORARY}/{vi.instance.uuid}"
        return super(VMwareVMOps, ops)._get_image_callbacks(vi)

    def _prepare_stream_optimized_image(self, vi: Any) -> tuple[DatastorePath, DatastorePath]:
        folder = vi.datastore.build_path(leftovers.image_vm_name(vi.instance.uuid))
        return folder, folder.join(f"{folder.basename}.vmdk")

    def _fetch_image_if_missing(self, context: RequestContext, vi: Any) -> None:
        # The cache folder is named by the address of the machine, so all nova-computes of a machine share
        # it, and Nova's lock holds within one process only. A name of its own: Nova takes the path's.
        with lockutils.lock(
            f"polyvisor {vi.cache_image_path}", lock_file_prefix="polyvisor-fetch_image", external=True
        ):
            super()._fetch_image_if_missing(context, vi)

    def _cache_stream_optimized_image(self, vi: Any, tmp_image_ds_loc: DatastorePath) -> None:
        # Nova fails for ever on a cache folder that a broken build has left empty.
        folder = f"{self._base_folder}/{vi.ii.image_id}"
        self._create_folder_if_missing(vi.datastore.name, vi.datastore.ref, folder)
        try:
            ds_util.disk_move(
                self._session,
                vi.dc_info.ref,
                tmp_image_ds_loc,
                vi.cache_image_folder.join(f"{vi.ii.image_id}.vmdk"),
            )
        except vexc.FileAlreadyExistsException:
            LOG.debug("Image %s is in the cache already", vi.ii.image_id)

    def _fetch_image_as_file(self, context: RequestContext, vi: Any, image_ds_loc: DatastorePath) -> None:
        image = images.IMAGE_API.get(context, vi.ii.image_id)
        chunks = images.IMAGE_API.download(context, vi.ii.image_id)
        self._upload(datastore_file.Content(chunks, int(image["size"])), vi, image_ds_loc.rel_path)

    @override
    def _create_config_drive(
        self,
        context: RequestContext,
        instance: Instance,
        injected_files: Any,
        admin_password: str | None,
        network_info: Any,
        data_store_name: str,
        dc_name: str,
        upload_folder: str,
        cookies: Any,
    ) -> str:
        if CONF.config_drive_format != "iso9660":
            raise exception.ConfigDriveUnsupportedFormat(format=CONF.config_drive_format)
        metadata = instance_metadata.InstanceMetadata(
            instance,
            content=injected_files,
            extra_md={"admin_pass": admin_password} if admin_password else {},
            network_info=network_info,
        )
        path = f"{upload_folder}/configdrive.iso"
        with configdrive.ConfigDriveBuilder(instance_md=metadata) as builder, utils.tempdir() as folder:
            drive = Path(folder, "configdrive.iso")
            builder.make_drive(str(drive))
            with drive.open("rb") as chunks:
                datastore_file.upload(
                    datastore_file.Content(chunks, drive.stat().st_size),
                    datacenter=dc_name,
                    datastore=data_store_name,
                    path=path,
                    cookies=cookies,
                )
        return path

    def _upload(self, content: datastore_file.Content, vi: Any, path: str) -> None:
        vim = self._session.vim
        datastore_file.upload(
            content,
            datacenter=vutil.get_inventory_path(vim, vi.dc_info.ref),
            datastore=vi.datastore.name,
            path=path,
            cookies=vim.client.cookiejar,
        )
