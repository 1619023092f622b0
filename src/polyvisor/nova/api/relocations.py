"""Which cluster a server can be moved to, its own or another of the same vCenter."""

from dataclasses import asdict
from typing import Any

import webob.exc
from nova.compute import vm_states
from nova.context import RequestContext
from nova.objects.instance import Instance

from polyvisor.nova import rpc
from polyvisor.nova.api import computes
from polyvisor.nova.api.computes import Answers, Compute, Found
from polyvisor.vsphere.refusal import AlreadyThere, DatastoreNotFound, HostNotFound
from polyvisor.vsphere.relocation_rules import Request

_UNKNOWN = frozenset({HostNotFound.code, DatastoreNotFound.code})
_CROSSING = frozenset({vm_states.ACTIVE, vm_states.PAUSED})
"""In which Nova migrates a server live."""


def check(
    context: RequestContext, own: Compute, server: Instance, request: Request
) -> tuple[Compute, dict[str, Any]]:
    """Return the compute service to whose cluster the server would be moved, and how.

    Its own cluster comes first; the others are asked if it does not know a place that is named.

    :raises webob.exc.HTTPBadRequest: the server cannot be moved so; the reason is that of the nearest miss.
    :raises webob.exc.HTTPConflict: it is there already, or in a state in which it stays in its cluster.
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
                if reason := _against_crossing(server, verdict):
                    raise webob.exc.HTTPConflict(explanation=f"{reason}.")
                return compute, verdict["move"]
        verdicts += [verdict for _compute, verdict in others.given]
        _require_all(others, verdicts)
    raise _refusal(server, verdicts)


def list_candidates(
    context: RequestContext, own: Compute, server: Instance, request: Request
) -> list[tuple[Compute, dict[str, Any]]]:
    """Return what each cluster of the vCenter says of its hosts and datastores.

    :raises webob.exc.HTTPError: as `check`, if none knows a place that is named.
    """

    def ask(cell: RequestContext, host: str) -> rpc.Answer:
        return rpc.PolyvisorAPI().list_candidates(cell, host, server, asdict(request))

    answers = [(own, computes.ask_one(own, ask))]
    for compute, answer in computes.ask(_neighbours(context, own), ask).given:
        reason = _against_crossing(server, answer)
        answers.append((compute, _refuse_all(answer, reason) if reason else answer))
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


def _against_crossing(server: Instance, answer: rpc.Answer) -> str | None:
    """Say why a server cannot be moved to the other cluster that has answered, in the state that it is in."""
    if server.vm_state in _CROSSING:
        return None
    return (
        f"Server {server.uuid} is {server.vm_state}, and only one that is active or paused can be moved to "
        f"another cluster, as {answer['cluster']['name']} is; start it first, or name a place in its own "
        "cluster"
    )


def _refuse_all(answer: rpc.Answer, reason: str) -> rpc.Answer:
    def refused(places: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [place | {"ok": False, "reasons": [*place["reasons"], reason]} for place in places]

    return answer | {kind: refused(answer[kind]) for kind in ("hosts", "datastores")}


def _refusal(server: Instance, verdicts: list[rpc.Answer]) -> webob.exc.HTTPError:
    """Give the reason of the nearest miss, and the clusters of which it is true."""
    nearest = max(verdicts, key=lambda verdict: verdict["rank"])
    alike = {verdict["cluster"]["name"] for verdict in verdicts if verdict["code"] == nearest["code"]}
    kind = webob.exc.HTTPConflict if nearest["code"] == AlreadyThere.code else webob.exc.HTTPBadRequest
    clusters = ", ".join(sorted(alike))
    return kind(explanation=f"Server {server.uuid} cannot be moved so in {clusters}: {nearest['reason']}.")
