"""The compute services that manage VMware clusters, in all cells, and what became of asking them."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import webob.exc
from nova import context as nova_context
from nova import exception, servicegroup
from nova.context import RequestContext
from nova.objects.compute_node import ComputeNodeList
from nova.objects.instance import Instance
from nova.objects.service import Service, ServiceList

from polyvisor.nova import errors, rpc

HYPERVISOR_TYPE = "VMware vCenter Server"
"""What Nova's VMware driver reports, on behalf of vCenter's `about.name`."""


@dataclass(frozen=True, slots=True)
class Compute:
    """A compute service and the cluster behind it, as Nova's database knows them.

    `host` is the service's host, `node` Nova's node name, which is `<cluster moref>.<vCenter uuid>`.
    """

    host: str
    node: str
    zone: str
    up: bool
    disabled: bool
    cell: RequestContext = field(repr=False, compare=False)

    @property
    def service(self) -> dict[str, str]:
        """The service as the API shows it."""
        return {
            "host": self.host,
            "state": "up" if self.up else "down",
            "status": "disabled" if self.disabled else "enabled",
        }


class Found(NamedTuple):
    """The VMware computes, sorted by host, and the names of the cells that did not answer."""

    computes: list[Compute]
    lost_cells: list[str]


class Answers(NamedTuple):
    """What the computes said, and why the others said nothing."""

    given: list[tuple[Compute, Any]]
    missing: list[tuple[Compute, exception.NovaException]]
    lost_cells: list[str]


def find(context: RequestContext) -> Found:
    """Return the VMware computes of all cells."""
    by_cell = nova_context.scatter_gather_skip_cell0(context.elevated(), _in_cell)
    lost = {uuid for uuid, found in by_cell.items() if nova_context.is_cell_failure_sentinel(found)}
    computes = [compute for uuid, found in by_cell.items() if uuid not in lost for compute in found]
    names = [cell.name or cell.uuid for cell in nova_context.CELLS if cell.uuid in lost]
    return Found(sorted(computes, key=lambda compute: compute.host), names)


def managing(context: RequestContext, server: Instance) -> Compute:
    """Return the compute service that has a server.

    :raises webob.exc.HTTPConflict: none has, or it manages no vCenter.
    """
    if server.host is None:
        raise webob.exc.HTTPConflict(
            explanation=f"Server {server.uuid} has no virtual machine: it is on no compute host (it is still "
            "being scheduled, could not be, or is shelved)."
        )
    for compute in find(context).computes:
        if compute.host == server.host:
            return compute
    raise webob.exc.HTTPConflict(
        explanation=f"Server {server.uuid} is not on VMware vCenter: its compute host manages none."
    )


def ask_one(compute: Compute, question: Callable[[RequestContext, str], Any]) -> Any:
    """Ask one compute and return its answer.

    :raises webob.exc.HTTPConflict: vCenter has no VM for the server in question.
    :raises webob.exc.HTTPError: as the code of the compute's error says; 503 if it is down.
    """
    answers = ask(Found([compute], lost_cells=[]), question)
    for _compute, error in answers.missing:
        code = 409 if isinstance(error, errors.VirtualMachineNotFound) else error.code
        raise webob.exc.status_map[code](explanation=error.format_message()) from error
    return answers.given[0][1]


def ask(found: Found, question: Callable[[RequestContext, str], Any]) -> Answers:
    """Ask the computes that are up, all at the same time. Takes as long as the slowest, at most the limit."""
    replies = rpc.fan_out(
        [(compute.cell, compute.host) for compute in found.computes if compute.up], question
    )
    given: list[tuple[Compute, Any]] = []
    missing: list[tuple[Compute, exception.NovaException]] = []
    for compute in found.computes:
        reply = replies[compute.host] if compute.up else _down(compute)
        if isinstance(reply, exception.NovaException):
            missing.append((compute, reply))
        else:
            given.append((compute, reply))
    return Answers(given, missing, found.lost_cells)


def unavailable(answers: Answers) -> list[dict[str, Any]]:
    """Return what is missing from a reply, in the form in which the API says so."""
    return [_unavailable_cluster(compute, error) for compute, error in answers.missing] + [
        {
            "cell": cell,
            "service": None,
            "zone": None,
            "vcenter": None,
            "cluster": None,
            "code": 503,
            "reason": f"Nova cell {cell} did not answer.",
        }
        for cell in answers.lost_cells
    ]


def _down(compute: Compute) -> errors.ComputeUnavailable:
    return errors.ComputeUnavailable(host=compute.host, reason="Nova sees the service as down")


def _unavailable_cluster(compute: Compute, error: exception.NovaException) -> dict[str, Any]:
    moref, _, vcenter = compute.node.partition(".")
    return {
        "cell": None,
        "service": compute.service,
        "zone": compute.zone,
        "vcenter": {"uuid": vcenter},
        "cluster": {"moref": moref},
        "code": error.code,
        "reason": error.format_message(),
    }


def _in_cell(cell: RequestContext) -> list[Compute]:
    nodes = {
        node.host: node.hypervisor_hostname
        for node in ComputeNodeList.get_all(cell)
        if node.hypervisor_type == HYPERVISOR_TYPE
    }
    return [
        _compute(cell, service, nodes[service.host])
        for service in ServiceList.get_all(cell, set_zones=True)
        if service.binary == "nova-compute" and service.host in nodes
    ]


def _compute(cell: RequestContext, service: Service, node: str) -> Compute:
    return Compute(
        host=service.host,
        node=node,
        zone=service.availability_zone,
        up=servicegroup.API().service_is_up(service),
        disabled=service.disabled,
        cell=cell,
    )
