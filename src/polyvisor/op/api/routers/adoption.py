"""/adoptions: VMs of vCenters on their way under a cloud."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from sqlalchemy.orm import Session

from polyvisor.adoption.checks import registry
from polyvisor.adoption.plan import Flavor
from polyvisor.op.adoption import adoption as adoptions
from polyvisor.op.adoption import plan as plans
from polyvisor.op.api.dependencies import Reading, TheCaller, ThePlatform, TheSlice, Writing
from polyvisor.op.api.needs import ANYWHERE, needs, require
from polyvisor.op.api.problems import documented
from polyvisor.op.api.schemas.adoption import (
    AdoptionDetailOut,
    AdoptionIn,
    AdoptionOut,
    CheckDescriptionOut,
    ChecksOut,
    FindingsOut,
    WaitOut,
)
from polyvisor.op.api.schemas.base import Id, MessageOut, Page
from polyvisor.op.db.models import Adoption
from polyvisor.op.rights import Right

router = APIRouter(tags=["adoption"])
AdoptionId = Annotated[Id, Path(description="Of an adoption.")]


def adoption_nodes(platform: ThePlatform, adoption_id: AdoptionId) -> Sequence[str]:
    """Where an adoption is in the tree: at its cloud."""
    with platform.database.read() as session:
        found = session.get(Adoption, adoption_id)
    return (f"/clouds/{found.cloud_id}" if found else "/clouds",)


#: Of every path below an adoption.
READ = needs(Right.ADOPTION_READ, at=adoption_nodes)
MANAGE = needs(Right.ADOPTION_MANAGE, at=adoption_nodes)


@router.get("/adoptions", dependencies=[needs(Right.ADOPTION_READ, at=ANYWHERE)])
def list_adoptions(
    session: Reading,
    caller: TheCaller,
    part: TheSlice,
    cloud: Annotated[Id | None, Query(description="Only into this cloud.")] = None,
) -> Page[AdoptionOut]:
    """Adoptions that the caller may see, by name."""
    rows, cursor = adoptions.find(session, caller.access, cloud, part)
    return Page(items=[AdoptionOut.model_validate(row) for row in rows], next=cursor)


@router.post(
    "/adoptions",
    status_code=201,
    dependencies=[needs(Right.ADOPTION_MANAGE, at=ANYWHERE)],
    responses=documented(404, 409),
)
def create_adoption(
    request: Request, platform: ThePlatform, caller: TheCaller, wanted: AdoptionIn
) -> AdoptionDetailOut:
    """Begin an adoption of VMs of some vCenters of a cloud. Nothing is read yet: `discover` does that."""
    require(request, platform, caller, Right.ADOPTION_MANAGE, [f"/clouds/{wanted.cloud_id}"])
    with platform.database.write() as session:
        made = adoptions.create(session, caller.actor, wanted.cloud_id, wanted.name, wanted.vcenters)
        return _detail(session, made)


@router.get("/adoptions/{adoption_id}", dependencies=[READ], responses=documented(404))
def show_adoption(session: Reading, adoption_id: AdoptionId) -> AdoptionDetailOut:
    """One adoption in numbers: how many VMs are ready, what the others wait for, how far they are."""
    return _detail(session, adoptions.get(session, adoption_id))


@router.delete(
    "/adoptions/{adoption_id}", status_code=204, dependencies=[MANAGE], responses=documented(404, 409)
)
def remove_adoption(session: Writing, caller: TheCaller, adoption_id: AdoptionId) -> None:
    """Forget an adoption of which the cloud has nothing any more: plan, rules and journal."""
    adoptions.remove(session, caller.actor, adoption_id)


@router.get("/adoption-checks", dependencies=[needs(Right.ADOPTION_READ, at=ANYWHERE)])
def list_adoption_checks() -> ChecksOut:
    """All checks: what each finds, and the way out."""
    checks = registry().items()
    return ChecksOut(
        items=[
            CheckDescriptionOut(id=key, severity=check.severity, title=check.title, way_out=check.way_out)
            for key, check in checks
        ]
    )


def _detail(session: Session, adoption: Adoption) -> AdoptionDetailOut:
    counts = adoptions.count(session, adoption)
    plain = AdoptionOut.model_validate(adoption).model_dump()
    findings = [
        FindingsOut(check=check, severity=severity, count=count)
        for (check, severity), count in sorted(counts.findings.items())
    ]
    flavors = [plans.read(Flavor, row.content) for row in plans.documents(session, adoption, "flavor")]
    return AdoptionDetailOut(
        **plain,
        states=counts.states,
        progress=counts.progress,
        findings=findings,
        undecided={reason.text: number for reason, number in counts.waits},
        waits=[
            WaitOut(message=MessageOut.model_validate(reason), count=number)
            for reason, number in counts.waits
        ],
        flavors=flavors,
        changes=len(adoption.changes),
    )
