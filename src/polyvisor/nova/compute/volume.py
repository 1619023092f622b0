"""Volumes of Cinder on VMs: Nova's own operations, for disks that a VM may have had before Cinder knew them.

Cinder keeps a VM for each volume, its backing. A volume made of a disk that exists refers to it in place: in
the folder of the VM that has the disk.
"""

from typing import Any

import nova.conf
from nova import exception
from nova.objects.instance import Instance
from nova.virt.vmwareapi import constants, vm_util
from nova.virt.vmwareapi import volumeops as stock
from oslo_log import log as logging
from oslo_vmware import vim_util as vutil
from oslo_vmware.objects.datastore import DatastorePath
from typing_extensions import override

from polyvisor.nova import adoption
from polyvisor.vsphere import volume
from polyvisor.vsphere.backing import bring_home, holders, read_backing, refer
from polyvisor.vsphere.faults import VSphereError
from polyvisor.vsphere.session import Session

CONF = nova.conf.CONF
LOG = logging.getLogger(__name__)


class VMwareVolumeOps(stock.VMwareVolumeOps):
    """Nova's operations, which leave a disk alone that is where it should be."""

    def __init__(self, session: Any, cluster: Any, vsphere: Session) -> None:
        """Make Nova's operations, with a session that tells who has a disk."""
        super().__init__(session, cluster)
        self._vsphere = vsphere

    @override
    def get_volume_connector(self, instance: Instance) -> dict[str, Any]:
        """Tell Cinder which vCenter the server's VM is in: its moref names another VM in every other."""
        is_begun = adoption.is_adopted(instance) and not adoption.was_built(instance)
        connector = _connector_of_adopted(instance) if is_begun else super().get_volume_connector(instance)
        return {**connector, "vcenter_uuid": self._vsphere.vcenter_uuid}

    @override
    def _attach_volume_vmdk(
        self, connection_info: dict[str, Any], instance: Instance, adapter_type: str | None = None
    ) -> None:
        vm = vm_util.get_vm_ref(self._session, instance)
        data = connection_info["data"]
        backing = self._get_volume_ref(data)
        disk = vm_util.get_vmdk_info(self._session, backing)
        devices = vm_util.get_hardware_devices(self._session, vm)
        if vm_util.get_vmdk_volume_disk(devices, disk.path):
            self._update_volume_details(vm, data["volume_id"], disk.device.backing.uuid)
            LOG.info("Disk %s is on the VM already", disk.path, instance=instance)
            return
        if vm_util.get_vmdk_backed_disk_device(devices, disk.device.backing.uuid):
            raise exception.Invalid(
                f"the server has a copy of volume {data['volume_id']} as a disk, with the same UUID; Nova "
                "could not tell them apart. Attach it elsewhere, or give the copy another UUID in vCenter"
            )
        self._check_free(data, backing)
        super()._attach_volume_vmdk(connection_info, instance, adapter_type)

    @override
    def attach_root_volume(
        self,
        connection_info: dict[str, Any],
        instance: Instance,
        datastore: Any,
        adapter_type: str | None = None,
    ) -> None:
        """Attach the volume that a VM boots from, unless it is a disk of the VM, as that of a clone is."""
        if self._is_there(connection_info, instance):
            self.attach_volume(connection_info, instance, adapter_type)
        else:
            super().attach_root_volume(connection_info, instance, datastore, adapter_type)

    def _is_there(self, connection_info: dict[str, Any], instance: Instance) -> bool:
        if connection_info["driver_volume_type"] != constants.DISK_FORMAT_VMDK:
            return False
        devices = vm_util.get_hardware_devices(self._session, vm_util.get_vm_ref(self._session, instance))
        disk = vm_util.get_vmdk_info(self._session, self._get_volume_ref(connection_info["data"]))
        return bool(vm_util.get_vmdk_volume_disk(devices, disk.path))

    def give_disk(self, connection_info: dict[str, Any], vm: str, key: int, *, discard: bool) -> None:
        """Make a disk that a VM has that of a volume, in place; see `backing.refer`.

        :param vm: moref.
        :param key: of the disk.
        """
        backing = vutil.get_moref_value(self._get_volume_ref(connection_info["data"]))
        refer(self._vsphere, read_backing(self._vsphere, backing), vm, key, discard=discard)

    def _check_free(self, data: dict[str, Any], backing: Any) -> None:
        """See that no other VM has a disk that is in place: two would write to it."""
        found = read_backing(self._vsphere, vutil.get_moref_value(backing))
        if found.in_place and holders(self._vsphere, found):
            raise exception.Invalid(
                f"volume {data['volume_id']} is the disk of a VM that is not this server's; attach it to the "
                "server of that VM"
            )

    @override
    def _detach_volume_vmdk(self, connection_info: dict[str, Any], instance: Instance) -> None:
        super()._detach_volume_vmdk(connection_info, instance)
        backing = vutil.get_moref_value(self._get_volume_ref(connection_info["data"]))
        try:
            # Now, as the folder that the disk is in may be deleted with the server before Cinder hears of it.
            found = read_backing(self._vsphere, backing)
            if found.in_place and not holders(self._vsphere, found):
                bring_home(self._vsphere, found)
        except VSphereError as error:
            # Cinder tries again, and `others_need` keeps the disk until then.
            LOG.warning("The disk of a volume stays where it is: %s", error, instance=instance)

    def others_need(self, vm: Any, datastore: Any, folder: DatastorePath) -> bool:
        """Tell whether volumes, or other VMs, have disks in the folder of a VM."""
        morefs = vutil.get_moref_value(vm), vutil.get_moref_value(datastore)
        return volume.left_over(self._vsphere, *morefs, f"{folder}/")

    @override
    def _get_vmdk_backed_disk_device(self, vm_ref: Any, connection_info_data: dict[str, Any]) -> Any:
        try:
            return super()._get_vmdk_backed_disk_device(vm_ref, connection_info_data)
        except exception.DiskNotFound:
            # The key in the VM's extraConfig may be lost, as by a revert to a snapshot. Nova would forget the
            # volume, and delete its disk with the VM.
            path = vm_util.get_vmdk_info(self._session, self._get_volume_ref(connection_info_data)).path
            devices = vm_util.get_hardware_devices(self._session, vm_ref)
            if device := path and vm_util.get_vmdk_volume_disk(devices, path):
                return device
            raise


def _connector_of_adopted(instance: Instance) -> dict[str, Any]:
    """Give the connector of a server whose VM cannot be found by the server's id yet.

    Nova would look for it nevertheless, twice, and for that read all VMs of the vCenter.
    """
    return {
        "ip": CONF.vmware.host_ip,
        "host": CONF.vmware.host_ip,
        "initiator": None,
        "instance": adoption.Adoption.read(instance.system_metadata).vm,
    }
