"""Which cluster a server can be moved to, its own or another of the same vCenter."""

from dataclasses import asdict
from typing import Any

import webob.exc
from nova.context import RequestContext
from nova.objects.instance import Instance

from polyvisor.nova import rpc
from polyvisor.nova.api import computes
from polyvisor.nova.api.computes import Answers, Compute, Found
from polyvisor.vsphere.refusal import AlreadyThere, DatastoreNotFound, HostNotFound
from polyvisor.vsphere.relocation_rules import Request

_UNKNOWN = frozenset({HostNotFound.code, DatastoreNotFound.code})


def check(
    context: RequestContext, own: Compute, server: Instance, request: Request
) -> tuple[Compute, dict[str, Any]]:
    """Return the compute service to whose cluster the server would be moved, and how.

    Its own cluster comes first; the others are asked if it does not know a place that is named.

    :raises webob.exc.HTTPBadRequest: the server cannot be moved so; the reason is that of the nearest miss.
    :raises webob.exc.HTTPConflict: it is there already.
    :raises webob.exc.HTTPServiceUnavailable: nobody who answers knows the place.
    """

    def ask(cell: RequestContext, host: str) -> rpc.Answer:
        return rpc.PolyvisorAPI().check_relocation(cell, host, server, asdict(request))

    first = computes.ask_one(own, ask)
    if first["ok"]:
        return own, first["move"]
    verdicts = [first]
    if first["code"] in _UNKNOWN:
        others = computes.ask(_neighbours(context, own), ask)
        for compute, verdict in others.given:
            if verdict["ok"]:
                return compute, verdict["move"]
        verdicts += [verdict for _compute, verdict in others.given]
        _require_all(others, verdicts)
    raise _refusal(server, max(verdicts, key=lambda verdict: verdict["rank"]))


def list_candidates(
    context: RequestContext, own: Compute, server: Instance, request: Request
) -> list[tuple[Compute, dict[str, Any]]]:
    """Return what each cluster of the vCenter says of its hosts and datastores.

    :raises webob.exc.HTTPError: as `check`, if none knows a place that is named.
    """

    def ask(cell: RequestContext, host: str) -> rpc.Answer:
        return rpc.PolyvisorAPI().list_candidates(cell, host, server, asdict(request))

    answers = [(own, computes.ask_one(own, ask))]
    answers += computes.ask(_neighbours(context, own), ask).given
    if not any(answer["hosts"] or answer["datastores"] for _compute, answer in answers):
        check(context, own, server, request)
    return answers


def _neighbours(context: RequestContext, own: Compute) -> Found:
    """Return the other compute services of the same vCenter and cell, between which servers can move."""
    vcenter = own.node.partition(".")[2]
    found = [
        compute
        for compute in computes.find(context).computes
        if compute.node.partition(".")[2] == vcenter
        and compute.cell.cell_uuid == own.cell.cell_uuid
        and compute.host != own.host
    ]
    return Found(found, lost_cells=[])


def _require_all(others: Answers, verdicts: list[rpc.Answer]) -> None:
    """Refuse to say that nobody knows a place while somebody does not answer."""
    if others.missing and all(verdict["code"] in _UNKNOWN for verdict in verdicts):
        reasons = " ".join(part["reason"] for part in computes.unavailable(others))
        raise webob.exc.HTTPServiceUnavailable(
            explanation=f"No VMware cluster that answers knows the place, and some do not answer: {reasons}"
        )


def _refusal(server: Instance, verdict: rpc.Answer) -> webob.exc.HTTPError:
    kind = webob.exc.HTTPConflict if verdict["code"] == AlreadyThere.code else webob.exc.HTTPBadRequest
    return kind(explanation=f"Server {server.uuid} cannot be moved so: {verdict['reason']}.")
