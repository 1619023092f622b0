# ruff: noqa: SLF001 - Nova's operations name their parts so
"""The volumes of a clone: Nova makes them empty, and each gets a disk that vCenter has copied."""

from collections.abc import Mapping
from typing import Any

from cinderclient import exceptions as cinder_exceptions
from keystoneauth1 import exceptions as keystone_exceptions
from nova import objects
from nova.context import RequestContext
from nova.objects.instance import Instance
from nova.virt import driver
from nova.volume import cinder
from oslo_log import log as logging

from polyvisor.nova import errors
from polyvisor.nova.clone import Clone
from polyvisor.nova.compute.vmops import VMwareVMOps
from polyvisor.vsphere.clone_source import Source

LOG = logging.getLogger(__name__)

Disks = Mapping[str, int]
"""Nova's device name, as "/dev/sdb" -> key of the disk, which the copy has of its source."""


def disks(source: Source, clone: Clone) -> dict[str, int]:
    """Find the disks of a source that are copied for volumes.

    :raises errors.OperationRefused: a volume has been detached since the clone was asked for.
    """
    gone = sorted(set(clone.volumes.values()) - source.volumes.keys())
    if gone:
        raise errors.OperationRefused(reason=f"volume {gone[0]} has been detached from the server since")
    return {device: source.volumes[volume].key for device, volume in clone.volumes.items()}


def give(ops: VMwareVMOps, vm: str, disks: Disks, block_device_info: Any) -> None:
    """Make disks of a new VM those of its volumes; Nova finds them on the VM when it attaches these."""
    for mapping in driver.block_device_info_get_mapping(block_device_info):
        if (key := disks.get(mapping["mount_device"])) is not None:
            ops._volumeops.give_disk(mapping["connection_info"], vm, key, discard=True)


def settle(context: RequestContext, instance: Instance, clone: Clone) -> None:
    """Name the volumes of a clone that is built after those of its source, and let them go when those go."""
    if not clone.volumes:
        return
    kept = {
        mapping.volume_id: mapping.delete_on_termination
        for mapping in objects.BlockDeviceMappingList.get_by_instance_uuid(context, clone.source)
    }
    for mapping in objects.BlockDeviceMappingList.get_by_instance_uuid(context, instance.uuid):
        if source := clone.volumes.get(mapping.device_name):
            mapping.delete_on_termination = kept.get(source, False)
            mapping.save()
            _describe(context, instance, mapping, source)


def _describe(
    context: RequestContext, instance: Instance, mapping: objects.BlockDeviceMapping, source: str
) -> None:
    """Tell Cinder what is on a volume; it is right without."""
    try:
        volumes = cinder.cinderclient(context).volumes
        original = volumes.get(source)
        volumes.update(
            mapping.volume_id, name=original.name or source, description=f"copy of volume {source}"
        )
        if original.bootable == "true":
            volumes.set_bootable(mapping.volume_id, flag=True)
    except (cinder_exceptions.ClientException, keystone_exceptions.ClientException) as error:
        LOG.warning("Volume %s keeps its name: %s", mapping.volume_id, error, instance=instance)
