"""GET /servers/{server_id}/os-vmware-placement."""

from typing import Any

from nova import context as nova_context
from nova.api import validation
from nova.api.openstack import common, wsgi
from nova.compute.api import API
from nova.context import RequestContext
from nova.objects.instance import Instance

from polyvisor.nova import rpc
from polyvisor.nova.api import computes
from polyvisor.nova.api.policies import placement as policies
from polyvisor.nova.api.schemas import placement as schema
from polyvisor.nova.api.views import placement as view


@validation.query_schema(schema.SHOW)
def show(req: wsgi.Request, server_id: str) -> dict[str, Any]:
    """Show where the VM of a server is, as vCenter says now: `{"placement": {...}}`."""
    context = req.environ["nova.context"]
    server = _server(context, server_id)
    project = {"project_id": server.project_id}
    if context.can(policies.SHOW, target=project, fatal=False):
        return {"placement": view.placement(server, _ask(context, server))}
    context.can(policies.SHOW_OPAQUE, target=project)
    return {"placement": view.opaque(server, _ask(context, server))}


def _server(context: RequestContext, server_id: str) -> Instance:
    # A reader of the system has no project, and Nova would look for the server in that.
    everywhere = context.system_scope and context.can(policies.SHOW, target={}, fatal=False)
    with nova_context.target_cell(context.elevated() if everywhere else context, None) as lookup:
        return common.get_instance(API(), lookup, server_id)


def _ask(context: RequestContext, server: Instance) -> rpc.Answer:
    return computes.ask_one(
        computes.managing(context, server),
        lambda cell, _host: rpc.PolyvisorAPI().get_placement(cell, server),
    )
