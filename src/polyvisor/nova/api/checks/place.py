"""Whether the place that a wish names is there, and can take the server."""

from typing import Any

import webob.exc
from nova.context import RequestContext

from polyvisor.nova import errors, rpc, wish
from polyvisor.nova.api import computes
from polyvisor.nova.api.checks import verdict
from polyvisor.nova.api.checks.destination import Destination
from polyvisor.nova.api.policies import placement as policies
from polyvisor.vsphere.wish import Wish


def read_wish(metadata: Any) -> Wish | None:
    """Return what the metadata of a request ask for; None too if they are no metadata, which Nova refuses.

    :raises webob.exc.HTTPBadRequest: they contradict themselves.
    """
    if not isinstance(metadata, dict):
        return None
    try:
        return wish.read(metadata)
    except errors.WishInvalid as error:
        raise webob.exc.HTTPBadRequest(explanation=error.format_message()) from error


def authorize(context: RequestContext, project_id: str) -> None:
    """Require that the user may name hosts and datastores for servers of the project.

    :raises nova.exception.PolicyNotAuthorized: they may not.
    """
    context.can(policies.REQUEST, target={"project_id": project_id})


def check(context: RequestContext, wanted: Wish, disk_bytes: int, destination: Destination) -> None:
    """Ask all VMware clusters for the place; return if one that the destination allows can take the server.

    :raises webob.exc.HTTPBadRequest: none can.
    :raises webob.exc.HTTPServiceUnavailable: none that answers can, and one that does not answer might.
    """

    def question(cell: RequestContext, compute: str) -> rpc.Answer:
        return rpc.PolyvisorAPI().check_placement(cell, compute, wanted.host, wanted.datastore, disk_bytes)

    refusal = verdict.refusal(wanted, computes.ask(computes.find(context), question), destination)
    if refusal:
        raise refusal
