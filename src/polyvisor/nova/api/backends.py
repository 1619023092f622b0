"""The backends of Cinder: the vCenter and the datastores of each, as our volume driver reports them."""

from collections.abc import Collection, Mapping
from typing import Any

import webob.exc
from cinderclient import exceptions as cinder_exceptions
from keystoneauth1 import exceptions as keystone_exceptions
from nova.context import get_admin_context
from nova.volume import cinder
from oslo_log import log as logging

LOG = logging.getLogger(__name__)

# As in `polyvisor.cinder.vmdk`.
_VCENTER = "vcenter_uuid"
_DATASTORES = "polyvisor_datastores"
# What Cinder tells administrators of a volume.
_HOST = "os-vol-host-attr:host"
_PROJECT = "os-vol-tenant-attr:tenant_id"
_FAILURES = (cinder_exceptions.ClientException, keystone_exceptions.ClientException)


def vcenter_of(volume: str, project: str) -> str | None:
    """Return the instance UUID of the vCenter that a volume is in.

    :param volume: UUID.
    :return: None if Cinder does not say: its driver is another one, it does not answer, or the project has no
        such volume.
    """
    try:
        client = cinder.cinderclient(get_admin_context())
        found = client.volumes.get(volume)
        if getattr(found, _PROJECT, None) == project:
            return _reported(client, _VCENTER).get(getattr(found, _HOST, None))
    except cinder_exceptions.NotFound:
        pass
    except _FAILURES as error:
        LOG.warning("Cinder does not tell of the backend of volume %s: %s", volume, error)
    return None


def check(volumes: Mapping[str, str]) -> None:
    """See that volumes would stay within their backends: Cinder knows no more exactly where they are.

    :param volumes: id of each -> moref of the datastore to which its disk is to be moved.
    :raises webob.exc.HTTPBadRequest: one would leave its backend.
    :raises webob.exc.HTTPServiceUnavailable: Cinder does not say.
    """
    if not volumes:
        return
    try:
        client = cinder.cinderclient(get_admin_context())
        homes = {volume: getattr(client.volumes.get(volume), _HOST) for volume in volumes}
        known = _reported(client, _DATASTORES)
    except _FAILURES as error:
        reason = f"Cinder does not tell of its backends: {error}"
        raise webob.exc.HTTPServiceUnavailable(explanation=reason) from error
    for volume, datastore in volumes.items():
        _check(volume, homes[volume], known.get(homes[volume]), datastore)


def _reported(client: Any, key: str) -> dict[str | None, Any]:
    """Return what each backend says of itself under a key."""
    return {pool.name: getattr(pool, key, None) for pool in client.pools.list(detailed=True)}


def _check(volume: str, home: str, datastores: Collection[Any] | None, datastore: str) -> None:
    if datastores is None:
        raise webob.exc.HTTPBadRequest(
            explanation=f"Volume {volume} cannot be moved so: its backend {home} does not say which "
            "datastores it has. Let it use Polyvisor's volume driver, and wait a minute for its report; or "
            "leave the volume out."
        )
    if datastore not in datastores:
        raise webob.exc.HTTPBadRequest(
            explanation=f"Volume {volume} cannot be moved so: the datastore is none of its backend {home}. "
            "Detach the volume, move it to a backend that has the datastore (openstack volume migrate), and "
            "attach it again; or leave it out."
        )
