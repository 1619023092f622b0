"""An adopted server as the API shows it first: of the rest Nova tells."""

from typing import Any

from nova.api.openstack import wsgi
from nova.api.openstack.compute.views.servers import ViewBuilder
from nova.objects.instance import Instance


def show(req: wsgi.Request, server: Instance) -> dict[str, Any]:
    """Return id, name and links."""
    return dict(ViewBuilder().basic(req, server))
