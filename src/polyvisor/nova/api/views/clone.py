"""Clones as the API shows them: the new servers, of which all else is told by Nova."""

from typing import Any

from nova.api.openstack import wsgi
from nova.api.openstack.compute.views.servers import ViewBuilder
from nova.objects.instance import Instance


def index(req: wsgi.Request, servers: list[Instance]) -> dict[str, Any]:
    """Return id, name and links of each."""
    builder = ViewBuilder()
    return {"servers": [builder.basic(req, server)["server"] for server in servers]}
