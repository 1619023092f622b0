"""/adoptions/{id}/discover, plan, apply, verify, release: operations on an adoption, one at a time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Body, Request
from sqlalchemy.orm import Session

from polyvisor.op.actions.action import Arguments, NoArguments
from polyvisor.op.adoption import adoption as adoptions
from polyvisor.op.adoption import apply, discover, plan_step, release, verify
from polyvisor.op.adoption import plan as plans
from polyvisor.op.adoption.apply import ApplyArguments
from polyvisor.op.adoption.discover import DiscoverArguments
from polyvisor.op.adoption.release import ReleaseArguments
from polyvisor.op.api.dependencies import Caller, TheCaller, ThePlatform, Writing
from polyvisor.op.api.idempotency import IdempotencyKey
from polyvisor.op.api.needs import ANYWHERE, needs
from polyvisor.op.api.problems import documented
from polyvisor.op.api.routers.action import find_server
from polyvisor.op.api.routers.adoption import MANAGE, AdoptionId, adoption_nodes
from polyvisor.op.api.routers.operation import show
from polyvisor.op.api.routers.resource import ResourceId
from polyvisor.op.api.schemas.operation import OperationOut
from polyvisor.op.clouds import cloud as clouds
from polyvisor.op.db.models import Adoption
from polyvisor.op.operations import operation as operations
from polyvisor.op.operations.operation import Wish
from polyvisor.op.operations.step import Step
from polyvisor.op.operations.subject import Subject
from polyvisor.op.problem import Conflict, NotFound
from polyvisor.op.rights import Right

router = APIRouter(tags=["adoption"])
_ASKED: dict[str, Any] = {"status_code": 202, "responses": documented(404, 409)}


@router.post("/adoptions/{adoption_id}/discover", dependencies=[MANAGE], **_ASKED)
def discover_adoption(
    session: Writing,
    caller: TheCaller,
    adoption_id: AdoptionId,
    wanted: Annotated[DiscoverArguments | None, Body()] = None,
    key: IdempotencyKey = None,
) -> OperationOut:
    """Read everything about the VMs of the vCenters, check and plan it. Nothing is changed there."""
    adoption = adoptions.get(session, adoption_id)
    return _submit(
        session, caller, adoption, discover.NAME, discover.STEPS, wanted or DiscoverArguments(), key
    )


@router.post("/adoptions/{adoption_id}/plan", dependencies=[MANAGE], **_ASKED)
def plan_adoption(
    session: Writing, caller: TheCaller, adoption_id: AdoptionId, key: IdempotencyKey = None
) -> OperationOut:
    """Check and plan anew what was discovered, by the present rules; what people have decided stays."""
    adoption = adoptions.get(session, adoption_id)
    if adoption.discovered_at is None:
        raise Conflict(f"{adoption.name}: nothing was read from its vCenters yet: discover first")
    return _submit(session, caller, adoption, plan_step.NAME, plan_step.STEPS, NoArguments(), key)


@router.post("/adoptions/{adoption_id}/apply", dependencies=[MANAGE], **_ASKED)
def apply_adoption(
    session: Writing,
    caller: TheCaller,
    adoption_id: AdoptionId,
    wanted: Annotated[ApplyArguments | None, Body()] = None,
    key: IdempotencyKey = None,
) -> OperationOut:
    """Adopt the VMs that are ready, in place. Again: go on, and try again what failed.

    The operation succeeds if all of them were adopted; each VM has its own result, whatever became of the
    others. Cancelled, it begins with no more VMs, and what is under way is brought to its end.
    """
    adoption = adoptions.get(session, adoption_id)
    _admit(session, adoption)
    arguments = wanted or ApplyArguments()
    for row in plans.require_vms(session, adoption, arguments.vms or ()):
        if row.state != "ready":
            raise Conflict(f"{row.content['vm']['path']} is {row.state}: only what is ready can be adopted")
    plans.get(session, adoption, "plan", "plan")
    return _submit(session, caller, adoption, apply.NAME, apply.STEPS, arguments, key)


@router.post("/adoptions/{adoption_id}/verify", dependencies=[MANAGE], **_ASKED)
def verify_adoption(
    session: Writing, caller: TheCaller, adoption_id: AdoptionId, key: IdempotencyKey = None
) -> OperationOut:
    """Compare what the cloud and what vCenter say of the adopted VMs, field by field."""
    adoption = adoptions.get(session, adoption_id)
    plans.get(session, adoption, "plan", "plan")
    return _submit(session, caller, adoption, verify.NAME, verify.STEPS, NoArguments(), key)


@router.post(
    "/adoptions/{adoption_id}/release",
    dependencies=[needs(Right.SERVER_RELEASE, at=adoption_nodes)],
    **_ASKED,
)
def release_adoption(
    session: Writing,
    caller: TheCaller,
    adoption_id: AdoptionId,
    wanted: Annotated[ReleaseArguments | None, Body()] = None,
    key: IdempotencyKey = None,
) -> OperationOut:
    """Let the cloud forget adopted VMs, some or all. They run on, and are as they were found."""
    adoption = adoptions.get(session, adoption_id)
    arguments = wanted or ReleaseArguments()
    known = adoptions.journal_of(session, adoption.id, arguments.vms or ())
    for vm in arguments.vms or ():
        if vm not in known:
            raise NotFound(f"{vm} was never adopted by {adoption.name}")
    return _submit(session, caller, adoption, release.NAME, release.STEPS, arguments, key)


@router.post(
    "/resources/{resource_id}/release",
    dependencies=[needs(Right.OPERATION_READ, at=ANYWHERE)],
    **_ASKED,
)
def release_server(
    request: Request,
    platform: ThePlatform,
    caller: TheCaller,
    resource_id: ResourceId,
    key: IdempotencyKey = None,
) -> OperationOut:
    """Let the cloud forget an adopted server: an operation on the adoption by which it came."""
    placed = find_server(request, platform, caller, resource_id, Right.SERVER_RELEASE)
    with platform.database.write() as session:
        adoption, vm = adoptions.of_server(session, placed.subject)
        arguments = ReleaseArguments(vms=[vm])
        return _submit(session, caller, adoption, release.NAME, release.STEPS, arguments, key)


def _submit(  # noqa: PLR0913, PLR0917 - what an operation consists of
    session: Session,
    caller: Caller,
    adoption: Adoption,
    name: str,
    steps: Sequence[Step],
    arguments: Arguments,
    key: str | None,
) -> OperationOut:
    wish = Wish(name, arguments.model_dump(), [step.name for step in steps], key)
    subject: Subject = adoptions.subject(session, adoption)
    return show(session, [operations.submit(session, caller.actor, wish, subject)])[0]


def _admit(session: Session, adoption: Adoption) -> None:
    """Raise Conflict if the cloud cannot adopt."""
    cloud = clouds.get(session, adoption.cloud_id)
    if not (cloud.capabilities.get("polyvisor") or {}).get("compute"):
        raise Conflict(
            f"cloud {cloud.name} cannot adopt: Polyvisor's plug-in is not in its Nova, or the platform's "
            "account may not use it"
        )
    if cloud.draining:
        raise Conflict(f"cloud {cloud.name} is being drained: nothing new is placed on it")
