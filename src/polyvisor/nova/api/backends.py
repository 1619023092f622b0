"""The backends of Cinder: which datastores the volumes of each may be on, as our volume driver reports it."""

from collections.abc import Collection, Mapping
from typing import Any

import webob.exc
from cinderclient import exceptions as cinder_exceptions
from keystoneauth1 import exceptions as keystone_exceptions
from nova.context import get_admin_context
from nova.volume import cinder

_DATASTORES = "polyvisor_datastores"
"""As in `polyvisor.cinder.vmdk`."""


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
        homes = {volume: getattr(client.volumes.get(volume), "os-vol-host-attr:host") for volume in volumes}
        known = {pool.name: getattr(pool, _DATASTORES, None) for pool in client.pools.list(detailed=True)}
    except (cinder_exceptions.ClientException, keystone_exceptions.ClientException) as error:
        reason = f"Cinder does not tell of its backends: {error}"
        raise webob.exc.HTTPServiceUnavailable(explanation=reason) from error
    for volume, datastore in volumes.items():
        _check(volume, homes[volume], known.get(homes[volume]), datastore)


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
