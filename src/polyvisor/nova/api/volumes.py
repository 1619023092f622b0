"""The volumes of a server that is cloned: which are copied, and what Nova is to make for the copies.

Nova makes an empty volume for each when the clone is built, as it does for any new server that asks for one;
the compute service then gives it the disk that vCenter has copied.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import webob.exc
from cinderclient import exceptions as cinder_exceptions
from nova import block_device, objects
from nova.context import RequestContext
from nova.objects.instance import Instance
from nova.volume import cinder

_OMIT = 'Clone without them ("volumes": "omit")'


@dataclass(frozen=True, slots=True)
class Copied:
    """A volume that is copied.

    :ivar device: the device name that it has for Nova, and that its copy gets.
    :ivar size: GiB.
    """

    volume: str
    device: str
    size: int
    volume_type: str | None
    is_root: bool


def copied(
    owner: RequestContext,
    source: Instance,
    mappings: objects.BlockDeviceMappingList,
    snapshot: str | None,
    found: Collection[str],
) -> list[Copied]:
    """Return the volumes of a server that its clone gets copies of.

    :param owner: whom the clone will belong to.
    :param snapshot: id of the snapshot that is cloned.
    :param found: ids of the volumes that are disks of what is cloned.
    :raises webob.exc.HTTPBadRequest: one of them cannot be copied.
    """
    attached = {mapping.volume_id: mapping for mapping in mappings if mapping.is_volume}
    if attached and owner.project_id != source.project_id:
        raise webob.exc.HTTPBadRequest(
            explanation=f"Server {source.uuid} has volumes, and another project gets no copies of them. "
            f"{_OMIT}; or make a clone in the server's project, and transfer its volumes."
        )
    missing = sorted(attached.keys() - set(found))
    if missing and snapshot is None:
        raise webob.exc.HTTPBadRequest(
            explanation=f"Volumes {', '.join(missing)} of server {source.uuid} are no disks that vCenter "
            f"copies. {_OMIT}, then copy those it needs (openstack volume create --source) and attach them."
        )
    # A snapshot has no disks that were attached later.
    api = cinder.API()
    return [_copied(attached[volume], api.get(owner, volume)) for volume in attached if volume in found]


def mappings_of(volumes: Collection[Copied], image: str | None) -> list[dict[str, Any]]:
    """Return what Nova's API takes as block device mapping: an empty volume for each.

    They go with a build that fails; the compute service takes that back in the end.
    """
    image_first = image and not any(volume.is_root for volume in volumes)
    return ([block_device.create_image_bdm(image)] if image_first else []) + [
        block_device.BlockDeviceDict(
            source_type="blank",
            destination_type="volume",
            device_name=volume.device,
            volume_size=volume.size,
            volume_type=volume.volume_type,
            boot_index=0 if volume.is_root else None,
            delete_on_termination=True,
        )
        for volume in volumes
    ]


def check_quota(owner: RequestContext, volumes: Collection[Copied], count: int) -> None:
    """Refuse what is over Cinder's quota now; Cinder itself checks again when it makes the volumes.

    :raises webob.exc.HTTPForbidden: it is.
    """
    if not volumes:
        return
    try:
        quota = cinder.cinderclient(owner).quotas.get(owner.project_id, usage=True)
    except cinder_exceptions.ClientException as error:
        raise webob.exc.HTTPServiceUnavailable(
            explanation=f"Cinder does not tell the quota: {error}"
        ) from error
    for resource, needed in _needs(volumes).items():
        limits = getattr(quota, resource, None) or {"limit": -1}
        left = limits["limit"] - limits.get("in_use", 0) - limits.get("reserved", 0)
        if limits["limit"] >= 0 and needed * count > left:
            raise webob.exc.HTTPForbidden(
                explanation=f"Quota exceeded for {resource}: the copies need {needed * count}, and "
                f"{max(left, 0)} of {limits['limit']} are left. {_OMIT}, or have the quota raised."
            )


def _needs(volumes: Collection[Copied]) -> Mapping[str, int]:
    needs: dict[str, int] = {}
    for resource, amount in _resources(volumes):
        needs[resource] = needs.get(resource, 0) + amount
    return needs


def _resources(volumes: Collection[Copied]) -> Iterator[tuple[str, int]]:
    for volume in volumes:
        suffixes = ["", f"_{volume.volume_type}"] if volume.volume_type else [""]
        for suffix in suffixes:
            yield f"volumes{suffix}", 1
            yield f"gigabytes{suffix}", volume.size


def _copied(mapping: objects.BlockDeviceMapping, volume: Mapping[str, Any]) -> Copied:
    return Copied(
        mapping.volume_id,
        mapping.device_name,
        int(volume["size"]),
        volume.get("volume_type_id"),
        mapping.boot_index == 0,
    )
