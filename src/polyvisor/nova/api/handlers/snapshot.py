"""/servers/{server_id}/os-vmware-snapshot, and the action os-vmware-consolidate."""

from typing import Any

import nova.conf
import webob.exc
from nova import context as nova_context
from nova.api import validation
from nova.api.openstack import common, wsgi
from nova.compute import vm_states
from nova.compute.api import API
from nova.context import RequestContext
from nova.objects.instance import Instance
from oslo_utils import strutils

from polyvisor.nova import conf, dependants, rpc, task_states
from polyvisor.nova.api import computes, operations
from polyvisor.nova.api.checks import deletion
from polyvisor.nova.api.operations import Claim
from polyvisor.nova.api.policies import snapshot as policies
from polyvisor.nova.api.schemas import snapshot as schema
from polyvisor.nova.api.views import snapshot as view

CONF = nova.conf.CONF
conf.register_opts(CONF)

# Not in rescue, nor before a resize is confirmed: then Nova takes away a disk that would be in the snapshot.
_WHOLE = (vm_states.ACTIVE, vm_states.STOPPED, vm_states.SUSPENDED)
_ANY = (*_WHOLE, vm_states.ERROR)

CREATION = Claim("os-vmware-snapshot-create", "snapshot_creation", task_states.SNAPSHOTTING, _WHOLE)
REVERSION = Claim("os-vmware-snapshot-revert", "snapshot_reversion", task_states.REVERTING, _WHOLE)
REMOVAL = Claim("os-vmware-snapshot-delete", "snapshot_removal", task_states.REMOVING_SNAPSHOT, _ANY)
CONSOLIDATION = Claim("os-vmware-consolidate", "consolidation", task_states.CONSOLIDATING, _ANY)


@validation.query_schema(schema.NO_QUERY)
def index(req: wsgi.Request, server_id: str) -> dict[str, Any]:
    """List the snapshots of a server: `{"snapshots": [...], "consolidation_needed": bool}`."""
    context, server = _server(req, server_id, policies.LIST)
    return view.snapshots(_list(context, server))


@validation.query_schema(schema.NO_QUERY)
def show(req: wsgi.Request, server_id: str, snapshot_id: str) -> dict[str, Any]:
    """Show one: `{"snapshot": {...}}`."""
    context, server = _server(req, server_id, policies.SHOW)
    for found in _list(context, server)["snapshots"]:
        if found["id"] == snapshot_id:
            return {"snapshot": view.snapshot(found)}
    raise webob.exc.HTTPNotFound(explanation=f"Server {server.uuid} has no snapshot {snapshot_id}.")


@wsgi.response(202)
@validation.schema(schema.CREATE)
def create(req: wsgi.Request, server_id: str, body: dict[str, Any]) -> None:
    """Take a snapshot."""
    context, server = _server(req, server_id, policies.CREATE)
    wanted = body["snapshot"]
    request = {
        "name": wanted["name"],
        "description": wanted.get("description", ""),
        "memory": _flag(wanted, "memory"),
        "quiesce": _flag(wanted, "quiesce"),
    }
    if request["memory"] and request["quiesce"]:
        raise webob.exc.HTTPBadRequest(
            explanation="A snapshot has either the guest's memory or quiesced file systems: vCenter does not "
            "quiesce a guest whose memory it keeps. Ask for one of them."
        )
    plan = _plan(context, server, CREATION, request)
    _check_quota(server, len(plan["details"]["known"]))
    request["vm"] = plan["vm"]
    _begin(context, server, CREATION, request)


@wsgi.response(202)
@validation.query_schema(schema.DELETE_QUERY)
def delete(req: wsgi.Request, server_id: str, snapshot_id: str) -> None:
    """Delete a snapshot, with `children=true` also all that come from it. The server stays as it is now."""
    context, server = _server(req, server_id, policies.DELETE)
    request: dict[str, Any] = {"snapshot": snapshot_id, "children": _flag(req.GET, "children")}
    plan = _plan(context, server, REMOVAL, request)
    request |= {"vm": plan["vm"], "family": plan["details"]["family"]}
    if clones := deletion.needed_by(context, server, request["family"]):
        raise webob.exc.HTTPConflict(explanation=dependants.reason(f"snapshot {snapshot_id}", clones) + ".")
    _begin(context, server, REMOVAL, request)


@wsgi.response(202)
@validation.schema(schema.ACTION)
def revert(req: wsgi.Request, server_id: str, snapshot_id: str, body: dict[str, Any]) -> None:
    """Bring a server back to a snapshot."""
    context, server = _server(req, server_id, policies.REVERT)
    force = _flag(body["revert"] or {}, "force")
    if force:
        context.can(policies.REVERT_FORCE, target={"project_id": server.project_id})
    request: dict[str, Any] = {"snapshot": snapshot_id, "force": force}
    request["vm"] = _plan(context, server, REVERSION, request)["vm"]
    _begin(context, server, REVERSION, request)


@wsgi.response(202)
@validation.schema(schema.CONSOLIDATE)
def consolidate(req: wsgi.Request, server_id: str, body: dict[str, Any]) -> None:  # noqa: ARG001 - Nova's names
    """Merge what removed snapshots have left in the disks."""
    context, server = _server(req, server_id, policies.CONSOLIDATE)
    request = {"vm": _plan(context, server, CONSOLIDATION, {})["vm"]}
    _begin(context, server, CONSOLIDATION, request)


def _server(req: wsgi.Request, server_id: str, rule: str) -> tuple[RequestContext, Instance]:
    context = req.environ["nova.context"]
    with nova_context.target_cell(context, None) as lookup:
        server = common.get_instance(API(), lookup, server_id, expected_attrs=["system_metadata"])
    context.can(rule, target={"project_id": server.project_id, "user_id": server.user_id})
    return context, server


def _flag(values: Any, name: str) -> bool:
    return strutils.bool_from_string(values.get(name, False), strict=True)


def _list(context: RequestContext, server: Instance) -> rpc.Answer:
    compute = computes.managing(context, server)
    return computes.ask_one(compute, lambda cell, _host: rpc.PolyvisorAPI().list_snapshots(cell, server))


def _plan(context: RequestContext, server: Instance, claim: Claim, request: dict[str, Any]) -> rpc.Answer:
    return computes.ask_one(
        computes.managing(context, server),
        lambda cell, _host: rpc.PolyvisorAPI().plan_snapshot(cell, server, claim.noun, request),
    )


def _check_quota(server: Instance, used: int) -> None:
    limit = CONF.polyvisor.snapshots_per_server
    if used >= limit:
        raise webob.exc.HTTPForbidden(
            explanation=f"Quota exceeded for snapshots of a server: requested 1, but server {server.uuid} "
            f"already has {used} of {limit}. Delete some first."
        )


def _begin(context: RequestContext, server: Instance, claim: Claim, request: dict[str, Any]) -> None:
    with operations.begin(context, server, claim) as cell:
        rpc.PolyvisorAPI().begin_snapshot(cell, server, claim.noun, request)
