"""POST /servers: the place that is asked for exists, and can take the server."""

from typing import Any

from nova import exception
from nova.api.openstack import common, wsgi
from nova.compute import flavors
from nova.context import RequestContext
from nova.objects.flavor import Flavor

from polyvisor.nova.api.checks import destination, disks, place


def create(req: wsgi.Request, body: Any) -> None:
    """Refuse a server whose metadata ask for a place where it cannot be built.

    :raises webob.exc.HTTPBadRequest: it cannot be built there; the message says what and why.
    :raises webob.exc.HTTPServiceUnavailable: nobody can tell, because a vCenter does not answer.
    """
    server = body.get("server") if isinstance(body, dict) else None
    if not isinstance(server, dict):
        return
    wish = place.read_wish(server.get("metadata"))
    if wish is None:
        return
    context = req.environ["nova.context"]
    place.authorize(context, context.project_id)
    flavor = _flavor(context, server)
    if flavor is None:
        return
    # The servers of one request share the datastore that they name, but need not share one that they don't.
    count = _count(server) if wish.datastore else 1
    place.check(context, wish, disks.required_bytes(flavor, server) * count, destination.of(req, server))


def _flavor(context: RequestContext, server: dict[str, Any]) -> Flavor | None:
    flavor_id = common.get_id_from_href(server.get("flavorRef"))
    try:
        return flavors.get_flavor_by_flavor_id(context, flavor_id, read_deleted="no")
    except exception.FlavorNotFound:
        return None


def _count(server: dict[str, Any]) -> int:
    try:
        return max(int(server.get("min_count", 1)), 1)
    except (TypeError, ValueError):
        return 1
