"""/adoptions/{id}/rules, networks, plan, changes: by what a plan is filled, and the plan itself."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Body, Response

from polyvisor.adoption.plan import Network
from polyvisor.adoption.rules import Rules
from polyvisor.op.adoption import adoption as adoptions
from polyvisor.op.adoption import decision
from polyvisor.op.adoption import plan as plans
from polyvisor.op.api.dependencies import Reading, TheCaller, ThePlatform, Writing
from polyvisor.op.api.problems import documented
from polyvisor.op.api.routers.adoption import MANAGE, READ, AdoptionId
from polyvisor.op.api.routers.adoption_vm import show_finding
from polyvisor.op.api.schemas.adoption import (
    AddressIn,
    AdoptionOut,
    ChangeOut,
    ChangesOut,
    NetworkDecisionIn,
    NetworkOut,
    NetworksOut,
    RulesIn,
    RulesOut,
)
from polyvisor.op.db.models import Adoption, AdoptionDocument
from polyvisor.op.message import say
from polyvisor.op.problem import NotFound

router = APIRouter(prefix="/adoptions/{adoption_id}", tags=["adoption"])
_YAML = "application/yaml"
_DOWNLOAD: dict[int | str, dict[str, Any]] = {
    200: {"content": {_YAML: {"schema": {"type": "string"}}}, "description": "The plan"}
}


@router.get("/rules", dependencies=[READ], responses=documented(404))
def show_adoption_rules(session: Reading, adoption_id: AdoptionId) -> RulesOut:
    """The rules by which the next plan is filled."""
    return _rules(adoptions.get(session, adoption_id))


@router.put("/rules", dependencies=[MANAGE], responses=documented(404, 409))
def set_adoption_rules(
    session: Writing, caller: TheCaller, adoption_id: AdoptionId, wanted: RulesIn
) -> RulesOut:
    """Have the next plan filled by these rules. What people have decided about VMs goes before them."""
    adoption = adoptions.get(session, adoption_id, lock=True)
    addresses = [one.model_dump() for one in wanted.addresses]
    decision.set_rules(session, caller.actor, adoption, wanted.rules, addresses)
    return _rules(adoption)


@router.get("/networks", dependencies=[READ], responses=documented(404))
def list_adoption_networks(session: Reading, adoption_id: AdoptionId) -> NetworksOut:
    """Networks of the plan: those that are there, and those that are to be made."""
    rows = plans.documents(session, adoptions.get(session, adoption_id), "network")
    return NetworksOut(items=[_network(row) for row in rows])


@router.patch("/networks", dependencies=[MANAGE], responses=documented(404, 409))
def decide_adoption_network(
    session: Writing, caller: TheCaller, adoption_id: AdoptionId, wanted: NetworkDecisionIn
) -> NetworkOut:
    """Decide about a network of the plan. VMs that waited for it are judged anew."""
    adoption = adoptions.get(session, adoption_id, lock=True)
    given = wanted.model_dump(mode="json", exclude_unset=True, exclude={"key"})
    return _network(decision.decide_network(session, caller.actor, adoption, wanted.key, given))


@router.get("/changes", dependencies=[READ], responses=documented(404))
def list_adoption_changes(session: Reading, adoption_id: AdoptionId) -> ChangesOut:
    """What had changed in the vCenters when it was planned last, since the plan before: 10,000 at most."""
    changes = adoptions.get(session, adoption_id).changes
    return ChangesOut(items=[ChangeOut(**one) for one in changes])


@router.get(
    "/plan",
    dependencies=[READ],
    response_class=Response,
    responses=_DOWNLOAD | documented(404),
)
def download_adoption_plan(session: Reading, adoption_id: AdoptionId) -> Response:
    """The plan as a file of YAML documents, as `polyvisor adopt` reads and writes it."""
    adoption = adoptions.get(session, adoption_id)
    text = "".join(source.text for source in plans.sources(session, adoption))
    if not text:
        raise NotFound(say("plan_missing", adoption=adoption.name))
    name = {"Content-Disposition": f'attachment; filename="adoption-{adoption.id}.yaml"'}
    return Response(text, media_type=_YAML, headers=name)


@router.put("/plan", dependencies=[MANAGE], responses=documented(404, 409))
def upload_adoption_plan(
    platform: ThePlatform,
    caller: TheCaller,
    adoption_id: AdoptionId,
    text: Annotated[bytes, Body(media_type=_YAML, description="The plan's file.")],
) -> AdoptionOut:
    """Take an edited plan instead of the present one. A mistake in it is told with its line."""
    given = decision.parse(text)
    with platform.database.write() as session:
        adoption = adoptions.get(session, adoption_id, lock=True)
        decision.upload(session, caller.actor, adoption, given)
        session.flush()
        return AdoptionOut.model_validate(adoption)


def _rules(adoption: Adoption) -> RulesOut:
    addresses = [AddressIn(**one) for one in adoption.addresses]
    return RulesOut(rules=plans.read(Rules, adoption.rules), addresses=addresses)


def _network(row: AdoptionDocument) -> NetworkOut:
    network = plans.read(Network, row.content)
    findings = [show_finding(one, network.decisions.get(one.check)) for one in network.findings]
    plain = {
        name: getattr(network, name) for name in ("network", "id", "physical_network", "vlan", "project")
    }
    return NetworkOut(
        **plain,
        key=row.key,
        shared_with=list(network.shared_with),
        subnets=list(network.subnets),
        decisions=dict(network.decisions),
        port_groups=list(network.port_groups),
        findings=findings,
    )
