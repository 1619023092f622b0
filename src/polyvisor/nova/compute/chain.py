"""Nova's operations on disks that snapshots hold: refused, or done in the order that loses nothing.

nova-api refuses them before (`polyvisor.nova.api.checks.snapshot`). This is for a snapshot that somebody
takes in vCenter between that and the work, and for what Nova does without being asked through its API.
"""

from typing import Any

from nova import exception
from nova.objects.flavor import Flavor
from nova.objects.instance import Instance
from oslo_log import log as logging

from polyvisor.nova import errors
from polyvisor.nova.compute.cluster import Cluster
from polyvisor.vsphere.chain import Chain
from polyvisor.vsphere.snapshot import start_remove_all
from polyvisor.vsphere.task import wait_for_task

LOG = logging.getLogger(__name__)

_MERGE_SECONDS = 24 * 3600.0


def check_detach(cluster: Cluster, instance: Instance, connection_info: dict[str, Any]) -> None:
    """Require that no snapshot of a server's VM holds a volume.

    Nova's driver would take the file at the end of the chain for a copy of the volume that vSphere has moved,
    and delete the volume's own.

    :raises nova.exception.InvalidVolume: one does; nothing was changed.
    """
    volume = connection_info.get("data", {}).get("volume_id") or connection_info.get("volume_id")
    chain = _read(cluster, instance)
    if chain and volume in chain.volumes:
        raise exception.InvalidVolume(
            reason=f"volume {volume} is part of vCenter snapshots of server {instance.uuid}; delete them"
        )


def check_resize(cluster: Cluster, instance: Instance, flavor: Flavor) -> None:
    """Require that a resize replaces no disk that a snapshot holds.

    :raises nova.exception.InstanceFaultRollback: it would; nothing was changed.
    """
    old = instance.flavor
    if not (flavor.root_gb > old.root_gb or old.ephemeral_gb or old.swap):
        return
    chain = _read(cluster, instance)
    if chain and (count := chain.snapshots):
        reason = f"{count} vCenter snapshots hold the disks that would be replaced; delete them first"
        raise exception.InstanceFaultRollback(exception.ResizeError(reason=reason))


def merge(cluster: Cluster, instance: Instance) -> None:
    """Give the volumes of a server that is removed what was written to them since its snapshots.

    The snapshots go with the server anyway. Waits as long as vCenter takes.

    :raises errors.VCenterUnavailable: nobody knows whether it has any; nothing must be detached then.
    :raises VSphereError: they could not be removed; the volumes are still part of the VM.
    """
    chain = _read(cluster, instance)
    if chain and chain.volumes:
        LOG.info("Merging snapshots into volumes %s", ", ".join(chain.volumes), instance=instance)
        task = start_remove_all(cluster.session, chain.vm)
        wait_for_task(cluster.session, task, timeout=_MERGE_SECONDS)


def _read(cluster: Cluster, instance: Instance) -> Chain | None:
    """Read it; None if the server has no VM, which Nova deals with in its own way."""
    try:
        return cluster.chain(instance.uuid)
    except errors.VirtualMachineNotFound:
        return None
