# ruff: noqa: SLF001 - the stock driver's selector names its parts so
"""The volume driver: Cinder's own for vCenter, which also takes disks over that VMs have, in place.

Such a disk stays where it is and as it is, attached to its VM, which goes on running. See ``backing``.
"""

import math
import sys
import threading
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Final

from cachetools import TTLCache
from cinder import exception
from cinder.objects.snapshot import Snapshot
from cinder.objects.volume import Volume
from cinder.volume.drivers.vmware import vmdk as stock
from cinder.volume.drivers.vmware import volumeops
from oslo_config import cfg
from oslo_log import log as logging
from oslo_utils import excutils, units
from oslo_vmware import exceptions as vexc
from oslo_vmware import vim_util
from typing_extensions import override

from polyvisor.cinder import conf, copying, owner, reference
from polyvisor.cinder.refusal import ServerElsewhere, VolumeHeld, lift, recorded
from polyvisor.cinder.session import BoundedSession
from polyvisor.vsphere import faults
from polyvisor.vsphere.backing import Backing, bring_home, forget_disk, holders, read_backing
from polyvisor.vsphere.session import Endpoint, Session
from polyvisor.vsphere.volume import Candidate, find_disk, find_file, needs, users

LOG = logging.getLogger(__name__)

#: In the report of a backend, and in what our nova-compute says of a server: instance UUID of the vCenter.
VCENTER = "vcenter_uuid"
#: In the report of a backend: morefs of the datastores on which its volumes may be.
DATASTORES = "polyvisor_datastores"
#: Adapters that a disk keeps when it becomes a volume. Others cannot be plugged into a VM that runs.
_ADAPTERS = frozenset({"lsiLogic", "busLogic", "lsiLogicsas", "paraVirtual"})
#: Seconds for which it is taken to be still so where the VM of a volume can be made.
_PLACE_SECONDS: Final = 20.0
_MOST_PLACES: Final = 1000
_UNFIT = (faults.NotFound, faults.NotSupported, faults.InvalidState, faults.InvalidInput)


class VMwareVcVmdkDriver(stock.VMwareVcVmdkDriver):
    """Volumes as VMDKs of a vCenter."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Add our options to the backend's section."""
        super().__init__(*args, **kwargs)
        self.configuration.append_config_values(conf.OPTIONS)
        self._vsphere: Any = None
        self._places: TTLCache[str, Any] = TTLCache(_MOST_PLACES, _PLACE_SECONDS)
        self._places_lock = threading.Lock()

    @staticmethod
    def get_driver_options() -> list[cfg.Opt]:
        """List what can be set in the backend's section."""
        return [*stock.VMwareVcVmdkDriver.get_driver_options(), *conf.OPTIONS]

    @override
    def do_setup(self, context: Any) -> None:
        """Connect to vCenter."""
        # Cinder's driver looks its operations up there, and has no other way to be given others.
        stock.volumeops.VMwareVolumeOps = copying.VMwareVolumeOps
        super().do_setup(context)
        settings = self.configuration
        self._vsphere = Session(
            Endpoint(
                host=settings.vmware_host_ip,
                port=settings.vmware_host_port,
                username=settings.vmware_host_username,
                password=settings.vmware_host_password,
                ca_file=settings.vmware_ca_file,
                insecure=settings.vmware_insecure,
                connect_timeout=settings.vcenter_connect_timeout,
                call_timeout=settings.vcenter_call_timeout,
            )
        )

    @override
    def _create_session(self) -> BoundedSession:
        settings = self.configuration
        return BoundedSession(
            settings.vmware_host_ip,
            settings.vmware_host_username,
            settings.vmware_host_password,
            settings.vmware_api_retry_count,
            settings.vmware_task_poll_interval,
            port=settings.vmware_host_port,
            wsdl_loc=settings.safe_get("vmware_wsdl_location"),
            cacert=settings.vmware_ca_file,
            insecure=settings.vmware_insecure,
            pool_size=settings.vmware_connection_pool_size,
            connection_timeout=settings.vcenter_driver_timeout,
            op_id_prefix="c-vol",
        )

    @override
    def _update_volume_stats(self) -> None:
        """Tell which vCenter the backend is of, and on which of its datastores volumes may be."""
        super()._update_volume_stats()
        # Else Cinder would try, and leave an attached volume in an error.
        self._stats["online_extend_support"] = False
        with suppress(faults.VSphereError):
            self._stats[VCENTER] = self._vsphere.vcenter_uuid
        try:
            stores, _hosts = self._usable()
        except vexc.VMwareDriverException as error:
            LOG.warning("The datastores of the backend are reported as they were: %s", error)
        else:
            self._stats[DATASTORES] = sorted(vim_util.get_moref_value(store) for store in stores)

    def _usable(self, only: str | None = None) -> tuple[Any, Any]:
        """Find the datastores on which volumes may be, or that of one moref; and the hosts, None for all."""
        hosts = self._get_hosts(self._clusters) or None
        stores = {
            store: props
            for store, props in self.ds_sel._get_datastores().items()
            if only in {None, vim_util.get_moref_value(store)}
        }
        return self.ds_sel._filter_datastores(stores, 0, None, None, None, valid_host_refs=hosts), hosts

    # --- disks that exist ---

    @override
    def manage_existing_get_size(self, volume: Volume, existing_ref: Mapping[str, Any]) -> int:
        """Say how large a disk is, in GiB, rounded up."""
        with recorded(volume):
            return math.ceil(self._candidate(existing_ref).disk.capacity_bytes / units.Gi)

    @override
    def manage_existing(self, volume: Volume, existing_ref: Mapping[str, Any]) -> dict[str, Any]:
        """Make a volume of a disk, without a change to the VM that has it.

        :raises cinder.exception.ManageExistingInvalidReference: it cannot be a volume of this project.
        """
        with recorded(volume):
            candidate = self._candidate(existing_ref)
            self._check(volume, candidate, existing_ref)
            vm = self._create_empty_backing(volume, candidate, existing_ref)
        disk = candidate.disk
        try:
            adapter = disk.controller if disk.controller in _ADAPTERS else self._get_adapter_type(volume)
            kind = volumeops.VirtualDiskType.THIN if disk.thin else volumeops.VirtualDiskType.PREALLOCATED
            self.volumeops.attach_disk_to_backing(
                vm, disk.capacity_bytes // units.Ki, kind, adapter, None, disk.file
            )
        except Exception:
            with excutils.save_and_reraise_exception():
                LOG.exception("Disk %s does not become volume %s", disk.file, volume.id)
                forget_disk(self._vsphere, vim_util.get_moref_value(vm))
        # Cinder asks the driver for this when it creates a volume, not here, and Nova would look for a lock.
        return {"shared_targets": False}

    @override
    def unmanage(self, volume: Volume) -> None:
        """Forget a volume; a disk that is in place stays as it was found."""
        found = self._backing(volume)
        if found and found.in_place:
            forget_disk(self._vsphere, found.vm.moref)
        else:
            super().unmanage(volume)

    def _candidate(self, existing_ref: Mapping[str, Any]) -> Candidate:
        ref = reference.parse(existing_ref)
        try:
            if ref.vm:
                return find_disk(self._vsphere, ref.vm, file=ref.file, key=ref.key)
            return find_file(self._vsphere, str(ref.file))
        except _UNFIT as error:
            raise reference.refused(existing_ref, str(error)) from error

    def _check(self, volume: Volume, candidate: Candidate, existing_ref: Mapping[str, Any]) -> None:
        """See that nobody else needs the disk, and that it is of the volume's project."""
        file, holder = candidate.disk.file, candidate.vm
        others = [vm for vm in users(self._vsphere, candidate.datastore, file) if vm != holder]
        if others:
            names = ", ".join(vm.name for vm in others)
            hint = "" if holder else "; name that VM as source-vm"
            raise reference.refused(existing_ref, f"VM {names} needs {file}{hint}")
        if holder:
            owner.check(volume, candidate, existing_ref)

    def _create_empty_backing(
        self, volume: Volume, candidate: Candidate, existing_ref: Mapping[str, Any]
    ) -> Any:
        """Make the VM of a volume where a given disk is."""
        place = self._place(candidate.datastore)
        if not place:
            raise reference.refused(
                existing_ref,
                f"the datastore of {candidate.disk.file} is none of this backend's: see vmware_cluster_name "
                "and vmware_datastore_regex in cinder.conf, and whether vCenter has it in maintenance",
            )
        host, pool, summary = place
        folder = self._get_volume_group_folder(self._get_dc(pool), volume.project_id)
        return self.volumeops.create_backing_disk_less(
            volume.name, folder, pool, host, summary.name, extra_config=self._get_extra_config(volume)
        )

    def _place(self, datastore: str) -> Any:
        """Choose host and resource pool for a VM on a datastore: one choice for many volumes.

        It takes a read of all datastores and hosts, the dearest part by far of managing a disk.
        """
        with self._places_lock:
            if known := self._places.get(datastore):
                return known
        usable, hosts = self._usable(datastore)
        place = self.ds_sel._select_best_datastore(usable, valid_host_refs=hosts)
        if place:
            with self._places_lock:
                self._places[datastore] = place
        return place

    # --- attaching ---

    @override
    def validate_connector(self, connector: Mapping[str, Any]) -> None:
        """Refuse a server of another vCenter, before anything is prepared for it.

        Cinder makes a 400 of that; of what `initialize_connection` raises, it makes a 500, which Nova tries
        again several times, and nobody is told the reason.
        """
        super().validate_connector(connector)
        own, other = self._vsphere.vcenter_uuid, connector.get(VCENTER)
        if other not in {None, own}:
            raise ServerElsewhere(vcenter=own, other=other)

    @override
    def initialize_connection(self, volume: Volume, connector: Mapping[str, Any]) -> Any:
        """Prepare to attach; a disk that the server has already stays where it is."""
        found = self._backing(volume)
        if found and found.in_place:
            if self._is_servers(found, connector):
                lift(volume)
                vm = vim_util.get_moref(found.vm.moref, "VirtualMachine")
                return self._get_connection_info(volume, vm, connector)
            self._settle(volume)
        return super().initialize_connection(volume, connector)

    def _is_servers(self, found: Backing, connector: Mapping[str, Any]) -> bool:
        """Tell whether the VM of the connector has the disk: asked of that VM alone, not of all."""
        # Machines that run no VMs of vCenter tell their platform.
        vm = None if "platform" in connector else connector.get("instance")
        return vm is not None and needs(self._vsphere, vm, found.file)

    @override
    def remove_export(self, context: Any, volume: Volume) -> None:
        """Say why a volume is not attached.

        Cinder calls this while it handles what `initialize_connection` raised. It makes a 500 of that, and
        leaves alone what is raised here.

        :raises cinder.exception.InvalidVolume: that was `VolumeHeld`.
        """
        super().remove_export(context, volume)
        if isinstance(error := sys.exception(), VolumeHeld):
            raise exception.InvalidVolume(reason=str(error)) from error

    # --- volumes whose disk is in place ---

    @override
    def terminate_connection(
        self, volume: Volume, connector: Mapping[str, Any] | None, force: bool = False, **kwargs: Any
    ) -> None:
        """After a detachment: a disk that no VM has any more comes home."""
        super().terminate_connection(volume, connector, force, **kwargs)
        try:
            found = self._backing(volume)
            if found and found.in_place and not holders(self._vsphere, found):
                bring_home(self._vsphere, found)
        except (vexc.VMwareDriverException, faults.VSphereError) as error:
            LOG.warning("The disk of volume %s stays in place until it is next used: %s", volume.id, error)

    @override
    def delete_volume(self, volume: Volume) -> None:
        """Delete, unless a VM has the disk."""
        self._settle(volume)
        super().delete_volume(volume)

    @override
    def extend_volume(self, volume: Volume, new_size: int) -> None:
        """Make larger, unless a VM has the disk."""
        self._settle(volume)
        super().extend_volume(volume, new_size)

    @override
    def create_snapshot(self, snapshot: Snapshot) -> Any:
        """Keep the present state: that of an attached disk is copied from its server."""
        self._settle_unless_attached(snapshot.volume, snapshot)
        return super().create_snapshot(snapshot)

    @override
    def create_cloned_volume(self, volume: Volume, src_vref: Volume) -> None:
        """Copy: an attached disk is copied from its server."""
        self._settle_unless_attached(src_vref, volume)
        super().create_cloned_volume(volume, src_vref)

    @override
    def retype(self, ctxt: Any, volume: Volume, new_type: Any, diff: Any, host: Any) -> bool:
        """Change the type, unless a VM has the disk."""
        self._settle_unless_attached(volume)
        return bool(super().retype(ctxt, volume, new_type, diff, host))

    @override
    def copy_volume_to_image(self, context: Any, volume: Volume, image_service: Any, image_meta: Any) -> None:
        """Upload, unless a VM has the disk."""
        self._settle_unless_attached(volume)
        super().copy_volume_to_image(context, volume, image_service, image_meta)

    @override
    def _relocate_backing(self, volume: Volume, backing: Any, host: Any) -> None:
        if not self._read(backing).in_place:
            super()._relocate_backing(volume, backing, host)

    def _settle_unless_attached(self, volume: Volume, refused: Volume | Snapshot | None = None) -> None:
        if not self._in_use(volume):
            self._settle(volume, refused)

    def _settle(self, volume: Volume, refused: Volume | Snapshot | None = None) -> None:
        """Have the disk at home, where it is the volume's alone.

        :param refused: what is not made if a VM has it, and shows why; the volume itself by default.
        :raises VolumeHeld: a VM has it.
        """
        with recorded(refused or volume):
            found = self._backing(volume)
            if found and found.in_place:
                if others := holders(self._vsphere, found):
                    names = ", ".join(vm.name for vm in others)
                    raise VolumeHeld(volume=volume.id, file=found.file, vm=names)
                bring_home(self._vsphere, found)
                lift(volume)

    def _backing(self, volume: Volume) -> Backing | None:
        vm = self.volumeops.get_backing(volume.name, volume.id)
        return self._read(vm) if vm else None

    def _read(self, vm: Any) -> Backing:
        return read_backing(self._vsphere, vim_util.get_moref_value(vm))
