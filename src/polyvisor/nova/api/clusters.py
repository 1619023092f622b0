"""All VMware clusters at once: the hosts and datastores of each, live from its vCenter."""

from dataclasses import dataclass
from typing import Any

import webob.exc
from nova.context import RequestContext

from polyvisor.nova import rpc
from polyvisor.nova.api import computes
from polyvisor.nova.api.computes import Compute

Item = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Cluster:
    """One cluster as its compute service described it.

    `vcenter` is `{"uuid", "name"}`, `cluster` `{"moref", "name"}`; `hosts` and `datastores` are
    `asdict(vsphere.host.Host)` and `asdict(vsphere.datastore.Datastore)`.
    """

    compute: Compute
    vcenter: dict[str, str]
    cluster: dict[str, str]
    hosts: list[Item]
    datastores: list[Item]


def read(context: RequestContext, zone: str | None = None) -> tuple[list[Cluster], list[Item]]:
    """Read all clusters of a zone, or of all zones; return them, and a description of those that are missing.

    :raises webob.exc.HTTPServiceUnavailable: all are missing.
    """
    found = computes.find(context)
    if zone is not None:
        found = found._replace(computes=[compute for compute in found.computes if compute.zone == zone])
    answers = computes.ask(found, _describe)
    missing = computes.unavailable(answers)
    if missing and not answers.given:
        reasons = " ".join(part["reason"] for part in missing)
        raise webob.exc.HTTPServiceUnavailable(explanation=f"No VMware cluster can be asked. {reasons}")
    return [_cluster(compute, *answer) for compute, answer in answers.given], missing


def _describe(context: RequestContext, compute: str) -> tuple[rpc.Answer, rpc.Answer]:
    client = rpc.PolyvisorAPI()
    return client.list_hosts(context, compute), client.list_datastores(context, compute)


def _cluster(compute: Compute, hosts: rpc.Answer, datastores: rpc.Answer) -> Cluster:
    return Cluster(compute, hosts["vcenter"], hosts["cluster"], hosts["hosts"], datastores["datastores"])
