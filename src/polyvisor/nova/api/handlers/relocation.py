"""POST /servers/{server_id}/action: os-livemigrate-vmware, os-livemigrate-vmware-abort."""

from typing import Any

import webob.exc
from nova import context as nova_context
from nova.api import validation
from nova.api.openstack import common, wsgi
from nova.compute import task_states as nova_task_states
from nova.compute import vm_states
from nova.compute.api import API
from nova.context import RequestContext
from nova.objects.instance import Instance
from nova.objects.migration import MigrationList

from polyvisor.nova import destination, origin, rpc, task_states
from polyvisor.nova.api import backends, computes, operations, relocations
from polyvisor.nova.api.computes import Compute
from polyvisor.nova.api.policies import relocation as policies
from polyvisor.nova.api.schemas import relocation as schema
from polyvisor.nova.api.views import relocation as view
from polyvisor.vsphere.relocation_rules import Request

CLAIM = operations.Claim(
    action="os-livemigrate-vmware",
    noun="relocation",
    task_state=task_states.RELOCATING,
    # Not in rescue, nor before a resize is confirmed: Nova then has files that would stay behind.
    vm_states=(vm_states.ACTIVE, vm_states.STOPPED, vm_states.PAUSED, vm_states.SUSPENDED),
)
_ABORT = f"{CLAIM.action}-abort"
_PLACES = frozenset({"host", "datastore", "disks"})


@wsgi.response(202)
@validation.schema(schema.RELOCATE)
def relocate(req: wsgi.Request, server_id: str, body: dict[str, Any]) -> wsgi.ResponseObject | None:
    """Move the VM of a server; with `check`, say instead where it can be moved: `{"relocation": {...}}`."""
    context = req.environ["nova.context"]
    server = _server(context, server_id, policies.RELOCATE)
    wanted = dict(body[CLAIM.action])
    only_check = wanted.pop("check", False)
    if not only_check and not _PLACES & wanted.keys():
        raise webob.exc.HTTPBadRequest(
            explanation="Name a host, a datastore or disks, or ask with check where the server can be moved."
        )
    own = computes.managing(context, server)
    request = Request(**wanted).within(origin.vcenter_of(own.node))
    if only_check:
        found = relocations.list_candidates(context, own, server, request)
        return wsgi.ResponseObject({"relocation": view.candidates(server, found)}, code=200)
    compute, move = relocations.check(context, own, server, request)
    backends.check({volume: move["disks"][key] for key, volume in move["volumes"].items()})
    if compute == own:
        with operations.begin(context, server, CLAIM) as cell:
            rpc.PolyvisorAPI().relocate(cell, server, move)
    else:
        _migrate(context, server, compute, request)
    return None


@wsgi.response(202)
@validation.schema(schema.ABORT)
def abort(req: wsgi.Request, server_id: str, body: dict[str, Any]) -> None:  # noqa: ARG001 - names of the route
    """Have vCenter cancel the move of a server's VM."""
    context = req.environ["nova.context"]
    server = _server(context, server_id, policies.ABORT)
    compute = computes.managing(context, server)
    migrations = MigrationList.get_by_filters(
        compute.cell,
        {"instance_uuid": server.uuid, "migration_type": "live-migration", "status": "running"},
    )
    if server.task_state == nova_task_states.MIGRATING and migrations:
        with operations.conflicts(_ABORT, server):
            API().live_migrate_abort(compute.cell, server, migrations[0].id)
    else:
        computes.ask_one(compute, lambda cell, _host: rpc.PolyvisorAPI().abort_relocation(cell, server))


def _server(context: RequestContext, server_id: str, policy: str) -> Instance:
    with nova_context.target_cell(context, None) as lookup:
        server = common.get_instance(
            API(), lookup, server_id, expected_attrs=["numa_topology", "system_metadata"]
        )
    context.can(policy, target={"project_id": server.project_id})
    return server


def _migrate(context: RequestContext, server: Instance, compute: Compute, request: Request) -> None:
    """Have Nova migrate the server live to the compute service of another cluster."""
    with operations.conflicts(CLAIM.action, server), server.obj_alternate_context(compute.cell):
        destination.write(server.system_metadata, context.request_id, request)
        server.save()
        API().live_migrate(
            compute.cell,
            server,
            block_migration=None,
            disk_over_commit=None,
            host_name=compute.host,
            force=False,
            async_=True,
        )
