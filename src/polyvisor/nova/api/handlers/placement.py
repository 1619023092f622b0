"""GET /servers/{server_id}/os-vmware-placement."""

from typing import Any

import webob.exc
from nova import context as nova_context
from nova import exception
from nova.api import validation
from nova.api.openstack import common, wsgi
from nova.compute.api import API
from nova.context import RequestContext
from nova.objects.instance import Instance

from polyvisor.nova import errors, rpc
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
    if server.host is None:
        raise webob.exc.HTTPConflict(
            explanation=f"Server {server.uuid} has no virtual machine: it is on no compute host (it is still "
            "being scheduled, could not be, or is shelved)."
        )
    managing = [compute for compute in computes.find(context).computes if compute.host == server.host]
    if not managing:
        raise webob.exc.HTTPConflict(
            explanation=f"Server {server.uuid} is not on VMware vCenter: its compute host manages none."
        )
    found = computes.Found(managing, lost_cells=[])
    answers = computes.ask(found, lambda cell, _host: rpc.PolyvisorAPI().get_placement(cell, server))
    for _compute, error in answers.missing:
        raise _http_error(error)
    return answers.given[0][1]


def _http_error(error: exception.NovaException) -> webob.exc.HTTPError:
    if isinstance(error, errors.VirtualMachineNotFound):
        return webob.exc.HTTPConflict(explanation=error.format_message())
    return webob.exc.status_map[error.code](explanation=error.format_message())
