"""POST /servers/{server_id}/action: os-server-release."""

from typing import Any

import webob.exc
from nova import context as nova_context
from nova.api import validation
from nova.api.openstack import common, wsgi
from nova.compute import vm_states
from nova.compute.api import API
from oslo_utils import excutils

from polyvisor.nova import adoption, mapping, rpc, task_states
from polyvisor.nova.api import computes, operations
from polyvisor.nova.api.operations import Claim
from polyvisor.nova.api.policies import adoption as policies
from polyvisor.nova.api.schemas import adoption as schema

# vCenter does not reconfigure a suspended VM; a server in any other state has first to be what it was.
CLAIM = Claim(
    "os-server-release",
    "release",
    task_states.RELEASING,
    (vm_states.ACTIVE, vm_states.STOPPED, vm_states.ERROR),
)


@wsgi.response(202)
@validation.schema(schema.RELEASE)
def create(req: wsgi.Request, server_id: str, body: dict[str, Any]) -> None:
    """Let Nova forget an adopted server, and leave its VM as it was found."""
    context = req.environ["nova.context"]
    with nova_context.target_cell(context, None) as lookup:
        attributes = ["system_metadata", "flavor", "info_cache"]
        server = common.get_instance(API(), lookup, server_id, expected_attrs=attributes)
    context.can(policies.RELEASE, target={"project_id": server.project_id})
    if not adoption.is_adopted(server):
        raise webob.exc.HTTPConflict(
            explanation=f"Server {server.uuid} was not adopted: Nova has made its VM. Delete it instead."
        )
    request = {"force": bool((body[CLAIM.action] or {}).get("force", False))}
    compute = computes.managing(context, server)
    computes.ask_one(compute, lambda cell, _host: rpc.PolyvisorAPI().plan_release(cell, server, request))
    with operations.begin(context, server, CLAIM) as cell:
        # Before nova-compute can fail, and count it again.
        mapping.count(context, server.uuid, counted=False)
        try:
            rpc.PolyvisorAPI().begin_release(cell, server, request)
        except Exception:  # noqa: BLE001 - raised again
            with excutils.save_and_reraise_exception():
                mapping.count(context, server.uuid, counted=True)
