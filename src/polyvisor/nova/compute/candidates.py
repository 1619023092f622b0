"""The dry run of a relocation: of each host and datastore, whether the VM can be moved there, or why not."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import nova.conf

from polyvisor.nova import conf
from polyvisor.vsphere import relocation
from polyvisor.vsphere.datastore import Datastore
from polyvisor.vsphere.host import Host
from polyvisor.vsphere.machine import Machine
from polyvisor.vsphere.refusal import PlacementRefused
from polyvisor.vsphere.relocation_rules import AUTO, Ground, Request, decide
from polyvisor.vsphere.session import Session
from polyvisor.vsphere.wish import named

Candidate = dict[str, Any]
CONF = nova.conf.CONF
conf.register_opts(CONF)


def judge(session: Session, machine: Machine, request: Request, ground: Ground) -> dict[str, list[Candidate]]:
    """Judge the hosts and datastores that a request leaves open, each with what it names.

    A place that is named goes through vCenter's own check too, which takes a task for each; but not in
    another cluster, as the NICs' networks there are Neutron's to say when the time comes.

    Returns `{"hosts": [candidate], "datastores": [candidate]}`, a candidate being `{"moref", "name", "ok",
    "reasons": [str]}`.

    :raises VSphereError: vCenter cannot be asked.
    """
    asks_hosts = request.host is not None or (request.datastore is None and not request.disks)
    hosts = _named(request.host, ground.hosts)
    stores = _named(request.datastore, ground.usable)

    checks = ground.pool is None

    def candidate(item: Host | Datastore, attempt: Request, *, thoroughly: bool) -> Candidate:
        reasons = _reasons(session, machine, attempt, ground, thoroughly=thoroughly)
        return {"moref": item.moref, "name": item.name, "ok": not reasons, "reasons": reasons}

    return {
        "hosts": [
            candidate(host, replace(request, host=host.moref), thoroughly=checks and request.host is not None)
            for host in (hosts if asks_hosts else ())
        ],
        "datastores": [
            candidate(
                store,
                replace(request, datastore=store.moref),
                thoroughly=checks and request.datastore is not None,
            )
            for store in (stores if request.host is None or request.datastore is not None else ())
        ],
    }


def _named(wanted: str | None, items: Sequence[Any]) -> Sequence[Any]:
    if wanted in (None, AUTO):
        return items
    return named(wanted, items)


def _reasons(
    session: Session, machine: Machine, request: Request, ground: Ground, *, thoroughly: bool
) -> list[str]:
    try:
        move = decide(machine, request, ground)
    except PlacementRefused as refusal:
        return [str(refusal)]
    return relocation.check(session, move, timeout=CONF.polyvisor.vcenter_call_timeout) if thoroughly else []
