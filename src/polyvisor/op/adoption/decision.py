"""Decisions that people take about VMs and networks of a plan; rules; whole plans that they have edited."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ValidationError
from sqlalchemy import select
from sqlalchemy.orm import Session

from polyvisor.adoption import documents, plan_file, rules
from polyvisor.adoption.documents import Source
from polyvisor.adoption.errors import AdoptionError
from polyvisor.adoption.plan import Header, Network, Plan, Server
from polyvisor.adoption.plan_file import Earlier
from polyvisor.adoption.verdict import judge
from polyvisor.op.adoption import adoption as adoptions
from polyvisor.op.adoption import plan as plans
from polyvisor.op.audit import entry
from polyvisor.op.db.models import Adoption, AdoptionDocument, Project, VCenter
from polyvisor.op.identity.actor import Actor
from polyvisor.op.message import of_input, say
from polyvisor.op.problem import Conflict, Invalid

#: A document of a plan is a few kilobytes; this is ten thousand large ones.
LONGEST_PLAN = 64 * 1024 * 1024

_NONE = {"disk": "vm_has_no_disk", "nic": "vm_has_no_nic"}


def set_rules(
    session: Session,
    actor: Actor,
    adoption: Adoption,
    wanted: rules.Rules,
    addresses: Sequence[Mapping[str, Any]],
) -> None:
    """Have the next plan filled by these rules. Raises Conflict, Invalid."""
    adoptions.refuse_busy(session, adoption)
    if wanted.addresses is not None:
        raise Invalid("body.rules.addresses", say("no_rules_file"))
    adoption.rules = wanted.model_dump(mode="json")
    adoption.addresses = [dict(one) for one in addresses]
    adoption.stale = True
    entry.record(session, actor, "adoption.rules", adoptions.target(adoption))


def book(adoption: Adoption) -> rules.RuleBook:
    """Its rules, ready to be asked."""
    found: dict[tuple[str, str], tuple[str, ...]] = {}
    for one in adoption.addresses:
        key = one["vm"], one["mac"].lower()
        found[key] = (*found.get(key, ()), one["address"])
    return rules.RuleBook(plans.read(rules.Rules, adoption.rules), found)


@dataclass(frozen=True)
class Upload:
    """A plan from outside: what it says, and its documents as they were written, by their keys."""

    plan: Plan
    texts: Mapping[str, str]


def parse(text: bytes) -> Upload:
    """Read a plan's file; of ten thousand VMs that takes half a minute. Raises Invalid."""
    if len(text) > LONGEST_PLAN:
        raise Invalid("body", say("plan_too_long", megabytes=LONGEST_PLAN // 2**20))
    try:
        lines = text.decode("utf-8").splitlines(keepends=True)
        sources = list(documents.split(lines, plans.FILE))
        texts = {key: source.text for key, source in Earlier(None, sources).sources.items()}
        return Upload(plan_file.parse(sources, plans.FILE), texts)
    except UnicodeDecodeError:
        raise Invalid("body", say("not_utf8")) from None
    except AdoptionError as error:
        raise Invalid("body", say("plan_invalid", text=error)) from None


def upload(session: Session, actor: Actor, adoption: Adoption, given: Upload) -> None:
    """Take a plan from outside instead of the present one. Raises Invalid, Conflict.

    Its facts and findings are believed until it is planned again, but never acted upon.
    """
    adoptions.refuse_busy(session, adoption)
    plan = given.plan
    known = set(session.scalars(select(VCenter.uuid).where(VCenter.id.in_(adoption.vcenters))))
    for uuid in {*plan.header.vcenters, *(server.vcenter for server in plan.servers)} - known:
        raise Invalid("body", say("plan_of_other_vcenter", vcenter=uuid))
    plans.put(session, adoption, plan, given.texts)
    adoption.stale = True
    entry.record(session, actor, "adoption.upload", adoptions.target(adoption), vms=len(plan.servers))


def decide(
    session: Session, actor: Actor, adoption: Adoption, vms: Sequence[str], wanted: Mapping[str, Any]
) -> list[AdoptionDocument]:
    """Decide about VMs, all alike; only what is named changes, and stays when it is planned again.

    ``wanted`` has fields of ``polyvisor.adoption.plan.Server``; of ``ports`` and ``volumes`` those that are
    named by ``nic`` and ``disk``; of ``decisions`` those of None are taken back. Raises NotFound, Invalid,
    Conflict.
    """
    adoptions.refuse_busy(session, adoption)
    rows = plans.require_vms(session, adoption, vms)
    networks = _networks(session, adoption)
    _require_networks(wanted.get("ports") or (), networks)
    header = plans.read(Header, plans.get(session, adoption, "plan", "plan").content)
    for row in rows:
        server = _changed(plans.read(Server, row.content), wanted)
        _keep(row, judge(server, networks, header))
    adoption.stale = True
    entry.record(session, actor, "adoption.decide", adoptions.target(adoption), vms=list(vms), decided=wanted)
    return rows


def decide_network(
    session: Session, actor: Actor, adoption: Adoption, key: str, wanted: Mapping[str, Any]
) -> AdoptionDocument:
    """Decide about a network of the plan; VMs that waited for it are judged anew. Raises as ``decide``."""
    adoptions.refuse_busy(session, adoption)
    row = plans.get(session, adoption, "network", key)
    network = plans.read(Network, row.content)
    if network.id is not None and wanted.keys() - {"decisions"}:
        raise Conflict(say("network_is_there", network=network.network))
    changes = dict(wanted)
    changes["decisions"] = _decisions(network.decisions, changes.get("decisions"))
    _keep(row, _validated(network, changes))
    session.flush()
    networks = _networks(session, adoption)
    header = plans.read(Header, plans.get(session, adoption, "plan", "plan").content)
    for waiting in plans.documents(session, adoption, "server"):
        _judge(waiting, networks, header, network.network)
    adoption.stale = True
    entry.record(session, actor, "adoption.decide", adoptions.target(adoption), network=key, decided=wanted)
    return row


def project_of(session: Session, adoption: Adoption, tenant_id: str) -> str:
    """The cloud's id of the project that a tenant has there. Raises Invalid."""
    same = (Project.cloud_id == adoption.cloud_id, Project.tenant_id == tenant_id)
    found = session.scalar(select(Project.external_id).where(*same, Project.external_id.is_not(None)))
    if found is None:
        raise Invalid("body.tenant_id", say("tenant_has_no_project"))
    return found


def _networks(session: Session, adoption: Adoption) -> dict[str, Network]:
    found = [plans.read(Network, row.content) for row in plans.documents(session, adoption, "network")]
    return {network.network: network for network in found}


def _require_networks(ports: Sequence[Mapping[str, Any]], networks: Mapping[str, Network]) -> None:
    for place, port in enumerate(ports):
        if (name := port.get("network")) is not None and name not in networks:
            raise Invalid(f"body.ports.{place}.network", say("network_not_in_plan", network=name))


def _changed(server: Server, wanted: Mapping[str, Any]) -> Server:
    changes = dict(wanted)
    changes["decisions"] = _decisions(server.decisions, changes.get("decisions"))
    changes["ports"] = _parts("ports", "nic", server.ports, wanted.get("ports") or (), server.id)
    changes["volumes"] = _parts("volumes", "disk", server.volumes, wanted.get("volumes") or (), server.id)
    return _validated(server, changes)


def _decisions(before: Mapping[str, str], wanted: Mapping[str, Any] | None) -> dict[str, str]:
    return {name: why for name, why in {**before, **(wanted or {})}.items() if why is not None}


def _parts(
    field: str, name: str, parts: Sequence[BaseModel], wanted: Sequence[Mapping[str, Any]], vm: str
) -> list[dict[str, Any]]:
    """The NICs or disks of a VM, with what is wanted of some of them."""
    changes = {one[name]: one for one in wanted}
    plain = [part.model_dump(mode="json") for part in parts]
    if unknown := changes.keys() - {one[name] for one in plain}:
        raise Invalid(f"body.{field}", say(_NONE[name], vm=vm, part=min(unknown)))
    return [{**one, **changes.get(one[name], {})} for one in plain]


def _validated(document: plans.M, changes: Mapping[str, Any]) -> plans.M:
    try:
        return plans.read(type(document), {**document.model_dump(mode="json"), **changes})
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        message = of_input(first["type"], first["msg"], first.get("ctx", {}))
        raise Invalid(".".join(["body", *map(str, first["loc"])]), message) from None


def _keep(row: AdoptionDocument, document: BaseModel) -> None:
    """Put a changed document into its row; from now on it counts as touched by somebody."""
    text = plan_file.rewrite(document, Source(plans.FILE, 1, row.text))
    for name, value in plans.row_of(document, text).items():
        setattr(row, name, value)


def _judge(row: AdoptionDocument, networks: Mapping[str, Network], header: Header, network: str) -> None:
    """Judge a server anew, if it is on a network."""
    if not any(port["network"] == network for port in row.content["ports"]):
        return
    judged = judge(plans.read(Server, row.content), networks, header)
    row.content, row.state = judged.model_dump(mode="json"), judged.state
