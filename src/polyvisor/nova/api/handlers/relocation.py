"""POST /servers/{server_id}/action: os-livemigrate-vmware, os-livemigrate-vmware-abort."""

from dataclasses import asdict
from typing import Any

import webob.exc
from nova import context as nova_context
from nova.api import validation
from nova.api.openstack import common, wsgi
from nova.compute import vm_states
from nova.compute.api import API
from nova.context import RequestContext
from nova.objects.instance import Instance

from polyvisor.nova import rpc, task_states
from polyvisor.nova.api import computes, operations
from polyvisor.nova.api.policies import relocation as policies
from polyvisor.nova.api.schemas import relocation as schema
from polyvisor.vsphere.refusal import AlreadyThere
from polyvisor.vsphere.relocation import Request

CLAIM = operations.Claim(
    action="os-livemigrate-vmware",
    noun="relocation",
    task_state=task_states.RELOCATING,
    # Not in rescue, nor before a resize is confirmed: Nova then has files that would stay behind.
    vm_states=(vm_states.ACTIVE, vm_states.STOPPED, vm_states.PAUSED, vm_states.SUSPENDED),
)


@wsgi.response(202)
@validation.schema(schema.RELOCATE)
def relocate(req: wsgi.Request, server_id: str, body: dict[str, Any]) -> None:
    """Move the VM of a server."""
    context = req.environ["nova.context"]
    server = _server(context, server_id, policies.RELOCATE)
    wanted = asdict(Request(**body[CLAIM.action]))
    _check(context, server, wanted)
    with operations.begin(context, server, CLAIM) as cell:
        rpc.PolyvisorAPI().relocate(cell, server, wanted)


@wsgi.response(202)
@validation.schema(schema.ABORT)
def abort(req: wsgi.Request, server_id: str, body: dict[str, Any]) -> None:  # noqa: ARG001 - names of the route
    """Have vCenter cancel the move of a server's VM."""
    context = req.environ["nova.context"]
    server = _server(context, server_id, policies.ABORT)
    computes.ask_one(
        computes.managing(context, server),
        lambda cell, _host: rpc.PolyvisorAPI().abort_relocation(cell, server),
    )


def _server(context: RequestContext, server_id: str, policy: str) -> Instance:
    with nova_context.target_cell(context, None) as lookup:
        server = common.get_instance(API(), lookup, server_id)
    context.can(policy, target={"project_id": server.project_id})
    return server


def _check(context: RequestContext, server: Instance, wanted: dict[str, Any]) -> None:
    """Refuse what cannot be, before anything is changed."""
    verdict = computes.ask_one(
        computes.managing(context, server),
        lambda cell, _host: rpc.PolyvisorAPI().check_relocation(cell, server, wanted),
    )
    if not verdict["ok"]:
        conflict = verdict["code"] == AlreadyThere.code
        refusal = webob.exc.HTTPConflict if conflict else webob.exc.HTTPBadRequest
        raise refusal(explanation=f"Server {server.uuid} cannot be moved: {verdict['reason']}.")
