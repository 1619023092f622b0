"""DELETE /servers/{server_id}, and what else deletes a VM: not while clones need the server's disks."""

from collections.abc import Collection
from typing import Any

import webob.exc
from nova.api.openstack import wsgi
from nova.compute.api import API
from nova.context import RequestContext
from nova.objects.instance import Instance

from polyvisor.nova import dependants
from polyvisor.nova.api.checks import protection
from polyvisor.nova.api.checks.server import find
from polyvisor.nova.clone import of_source

_DELETING = {"forceDelete", "rebuild", "shelve", "shelveOffload"}


def delete(req: wsgi.Request, server_id: str) -> None:
    """Refuse to delete a server that is protected, or of which there are linked clones, or that is copied.

    :raises webob.exc.HTTPConflict: it is such a one.
    """
    protection.delete(req, server_id)
    _check(req.environ["nova.context"], server_id)


def action(req: wsgi.Request, server_id: str, body: Any) -> None:
    """Refuse the same to the actions that delete the VM."""
    if isinstance(body, dict) and _DELETING & body.keys():
        _check(req.environ["nova.context"], server_id)


def needed_by(
    context: RequestContext, server: Instance, snapshots: Collection[str] | None = None
) -> list[str]:
    """Return the UUIDs of the clones in all cells that need a server, or some snapshots (ids) of it."""
    if dependants.CLONED not in server.system_metadata:
        return []
    filters = {"system_metadata": of_source(server.uuid), "deleted": False}
    # Those that are still being scheduled, too.
    found = API().get_all(
        context.elevated(), search_opts=filters, expected_attrs=["system_metadata"], all_tenants=True
    )
    return dependants.needing(found, server.uuid, snapshots)


def _check(context: RequestContext, server_id: str) -> None:
    server = find(context, server_id, "system_metadata")
    if server and (clones := needed_by(context, server)):
        raise webob.exc.HTTPConflict(explanation=dependants.reason(f"server {server.uuid}", clones) + ".")
