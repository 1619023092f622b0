"""GET /servers/detail and /servers/{server_id}: which servers were adopted.

Nova keeps that in system metadata, which it shows to nobody. One question to each cell, however many servers
the answer has.
"""

from collections.abc import Iterable
from typing import Any

from nova import context as nova_context
from nova.api.openstack import wsgi
from nova.context import RequestContext
from nova.objects.instance import InstanceList

from polyvisor.nova import adoption, origin
from polyvisor.nova.origin import Bounds, Origin

Body = dict[str, Any]

_ADOPTED = "os-server-adopt:adopted"


def show(req: wsgi.Request, body: Body, server_id: str) -> Body:  # noqa: ARG001 - of the route
    """Mark one server, if it was adopted; others stay as they are."""
    _mark(req.environ["nova.context"], [body["server"]])
    return body


def index(req: wsgi.Request, body: Body) -> Body:
    """Mark those of a list."""
    _mark(req.environ["nova.context"], body["servers"])
    return body


def _mark(context: RequestContext, servers: list[Body]) -> None:
    if not servers:
        return
    adopted = _adopted(context, [server["id"] for server in servers])
    for server in servers:
        if server["id"] in adopted:
            server[_ADOPTED] = True


def _adopted(context: RequestContext, ids: list[str]) -> set[str]:
    # Of those in a cell that does not answer, Nova shows little more than their ids.
    by_cell = nova_context.scatter_gather_skip_cell0(context.elevated(), _in_cell, ids)
    answers = [found for found in by_cell.values() if not nova_context.is_cell_failure_sentinel(found)]
    return {uuid for found in answers for uuid in found}


def _in_cell(cell: RequestContext, ids: list[str]) -> Iterable[str]:
    filters = {"uuid": ids, "system_metadata": origin.to_metadata(Origin.ADOPT, Bounds()), "deleted": False}
    found = InstanceList.get_by_filters(cell, filters, expected_attrs=["system_metadata"])
    # The filter takes a key and a value that are not of one entry, too.
    return [server.uuid for server in found if adoption.is_adopted(server)]
