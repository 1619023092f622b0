"""POST /servers/{server_id}/os-volume_attachments: the volume is of the server's own vCenter.

Nova attaches after it has answered, and what fails then is told in an event only. Our volume driver refuses
again, so whatever is not known here is left to it.
"""

from typing import Any

import webob.exc
from nova.api.openstack import wsgi
from nova.context import RequestContext
from nova.objects.instance import Instance
from oslo_utils import uuidutils

from polyvisor.nova import origin
from polyvisor.nova.api import backends, computes
from polyvisor.nova.api.checks.server import find


def create(req: wsgi.Request, server_id: str, body: Any) -> None:
    """Refuse a volume of another vCenter.

    :raises webob.exc.HTTPBadRequest: it is of another one.
    """
    context, volume = req.environ["nova.context"], _volume(body)
    if volume is None or (server := find(context, server_id)) is None:
        return
    own = _vcenter_among_several(context, server)
    home = own and backends.vcenter_of(volume, server.project_id)
    if home and home != own:
        raise webob.exc.HTTPBadRequest(
            explanation=f"Volume {volume} is in vCenter {home}, and server {server.uuid} in vCenter {own}. "
            "Attach it to a server of its own vCenter; or copy it: upload it to an image (openstack image "
            "create --volume), and make a volume of that with a volume type of the server's vCenter."
        )


def _volume(body: Any) -> str | None:
    asked = body.get("volumeAttachment") if isinstance(body, dict) else None
    volume = asked.get("volumeId") if isinstance(asked, dict) else None
    # It becomes a part of the address at which Cinder is asked as administrator.
    return volume if isinstance(volume, str) and uuidutils.is_uuid_like(volume) else None


def _vcenter_among_several(context: RequestContext, server: Instance) -> str | None:
    """Return the vCenter of a server, if there is another one that a volume could be of."""
    if server.host is None:
        return None
    vcenters = {each.host: origin.vcenter_of(each.node) for each in computes.find(context).computes}
    return vcenters.get(server.host) if len(set(vcenters.values())) > 1 else None
