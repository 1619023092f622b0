"""Origin image: a VM is built from a Glance image, or from nothing for a boot from volume."""

from nova import exception
from nova.virt import driver as virt_driver
from oslo_log import log as logging
from oslo_utils import excutils
from oslo_vmware.exceptions import VMwareDriverException

from polyvisor.nova import wish
from polyvisor.nova.compute import keeping
from polyvisor.nova.compute.cluster import Cluster
from polyvisor.nova.compute.datastore_file import UploadFailed
from polyvisor.nova.compute.origins import Build
from polyvisor.nova.compute.place import Inventory, Place
from polyvisor.nova.compute.vmops import VMwareVMOps
from polyvisor.vsphere.refusal import PlacementRefused
from polyvisor.vsphere.wish import Wish

LOG = logging.getLogger(__name__)


def spawn(ops: VMwareVMOps, cluster: Cluster, build: Build) -> None:
    """Build the VM of a server, where its owner wished.

    :raises nova.exception.BuildAbortException: a new server cannot be where its owner wished; trying
        elsewhere would not help.
    """
    wished = wish.read(build.instance.metadata)
    if wished is None:
        _spawn(ops, build)
        return
    place = _place(cluster, wished.within(cluster.vcenter_uuid), build)
    try:
        _spawn(ops.at(place) if place else ops, build)
    except (exception.DatastoreNotFound, UploadFailed, VMwareDriverException) as error:
        if wished.host is None or not build.is_new:
            raise
        # Nova would look for another cluster, find none, and say only that.
        raise exception.BuildAbortException(instance_uuid=build.instance.uuid, reason=str(error)) from error


def _place(cluster: Cluster, wished: Wish, build: Build) -> Place | None:
    volumes = virt_driver.block_device_info_get_mapping(build.block_device_info)
    needed = wish.disk_bytes(
        build.instance.flavor, boot_from_volume=any(volume.get("boot_index") == 0 for volume in volumes)
    )
    inventory = Inventory.read(cluster)
    if not build.is_new:
        return keeping.find(inventory, wished, build.context, build.instance, disk_bytes=needed)
    try:
        return inventory.find(wished, disk_bytes=needed)
    except PlacementRefused as refusal:
        raise exception.BuildAbortException(
            instance_uuid=build.instance.uuid, reason=str(refusal)
        ) from refusal


def _spawn(ops: VMwareVMOps, build: Build) -> None:
    try:
        ops.spawn(
            build.context,
            build.instance,
            build.image_meta,
            build.injected_files,
            build.admin_password,
            build.network_info,
            build.block_device_info,
        )
    except Exception:  # noqa: BLE001 - raised again
        with excutils.save_and_reraise_exception():
            # Nova cleans up after a new server. After a rebuild or an unshelving it leaves a VM without its
            # disk, which takes the UUID that the next try needs.
            if not build.is_new:
                ops.remove(build.instance)
