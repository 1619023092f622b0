"""What Nova does to disks, where snapshots hold them: refused before Nova begins.

What vSphere allows is allowed: to start and stop, to attach volumes and ports, to detach ports, to resize
without a larger disk, to move, to make an image, to rescue. nova-compute asks again before it changes
anything, so a server that cannot be asked about is left to it.
"""

from typing import Any

import webob.exc
from nova import exception
from nova.api.openstack import wsgi
from nova.compute import flavors
from nova.context import RequestContext
from nova.objects.instance import Instance
from oslo_log import log as logging

from polyvisor.nova import rpc
from polyvisor.nova.api import computes
from polyvisor.nova.api.checks.server import find

LOG = logging.getLogger(__name__)

_REPLACES = {
    "rebuild": "Rebuilding it would delete them",
    "shelve": "Shelving it would delete them",
    "shelveOffload": "Shelving it would delete them",
}
_WAY_OUT = "Delete the snapshots first (openstack server vmware snapshot delete)."


def action(req: wsgi.Request, server_id: str, body: Any) -> None:
    """Refuse what would break or delete the snapshots of a server.

    :raises webob.exc.HTTPConflict: the server has some.
    """
    name = next(iter(body), None) if isinstance(body, dict) else None
    if name not in {*_REPLACES, "resize", "migrate"}:
        return
    context = req.environ["nova.context"]
    server = find(context, server_id, "flavor")
    why = server and (_REPLACES.get(name) or _resize(context, server, body[name]))
    if server and why and (count := _chain(context, server).get("snapshots")):
        raise webob.exc.HTTPConflict(
            explanation=f"Server {server.uuid} has {count} vCenter snapshots. {why}. {_WAY_OUT}"
        )


def detach(req: wsgi.Request, server_id: str, volume_id: str) -> None:
    """DELETE /servers/{server_id}/os-volume_attachments/{volume_id}.

    :raises webob.exc.HTTPConflict: the volume is part of a snapshot of the server.
    """
    context = req.environ["nova.context"]
    server = find(context, server_id, "flavor")
    if server and volume_id in _chain(context, server).get("volumes", ()):
        raise webob.exc.HTTPConflict(
            explanation=f"Volume {volume_id} is part of vCenter snapshots of server {server.uuid}. "
            f"Detaching it would break them, and lose what was written to it since. {_WAY_OUT}"
        )


def _resize(context: RequestContext, server: Instance, resize: Any) -> str | None:
    """Say what a resize, or a cold migration (None), would do to the disks, if anything."""
    old = server.flavor
    if old.ephemeral_gb or old.swap:
        return "A resize or migration replaces its ephemeral and swap disks, which the snapshots hold"
    if not isinstance(resize, dict):
        return None
    try:
        new = flavors.get_flavor_by_flavor_id(context, str(resize.get("flavorRef")), read_deleted="no")
    except exception.FlavorNotFound:
        return None
    if new.root_gb > old.root_gb:
        return "Resizing it to a flavor with a larger root disk would break them; without, it can be resized"
    return None


def _chain(context: RequestContext, server: Instance) -> rpc.Answer:
    try:
        return computes.ask_one(
            computes.managing(context, server),
            lambda cell, _host: rpc.PolyvisorAPI().read_chain(cell, server),
        )
    except webob.exc.HTTPException as error:
        LOG.debug("The snapshots of server %s are not known here: %s", server.uuid, error)
        return {}
