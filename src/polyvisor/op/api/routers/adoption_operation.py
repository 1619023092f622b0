"""/adoptions/{id}/discover, plan, apply, verify, release: operations on an adoption, one at a time."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Body, Request
from sqlalchemy.orm import Session

from polyvisor.op.actions.action import Arguments, NoArguments
from polyvisor.op.adoption import adoption as adoptions
from polyvisor.op.adoption import apply, discover, plan_step, release, verify
from polyvisor.op.adoption import request as requests
from polyvisor.op.adoption.apply import ApplyArguments
from polyvisor.op.adoption.discover import DiscoverArguments
from polyvisor.op.adoption.release import ReleaseArguments
from polyvisor.op.api.dependencies import Caller, TheCaller, ThePlatform, Writing
from polyvisor.op.api.idempotency import IdempotencyKey
from polyvisor.op.api.needs import ANYWHERE, needs
from polyvisor.op.api.problems import documented
from polyvisor.op.api.routers.action import find_server, find_servers
from polyvisor.op.api.routers.adoption import MANAGE, AdoptionId, adoption_nodes
from polyvisor.op.api.routers.operation import show
from polyvisor.op.api.routers.resource import ResourceId
from polyvisor.op.api.schemas.action import ReleaseIn
from polyvisor.op.api.schemas.operation import OperationOut
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
    return _submit(session, caller, adoption_id, discover.NAME, wanted or DiscoverArguments(), key)


@router.post("/adoptions/{adoption_id}/plan", dependencies=[MANAGE], **_ASKED)
def plan_adoption(
    session: Writing, caller: TheCaller, adoption_id: AdoptionId, key: IdempotencyKey = None
) -> OperationOut:
    """Check and plan anew what was discovered, by the present rules; what people have decided stays."""
    return _submit(session, caller, adoption_id, plan_step.NAME, NoArguments(), key)


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
    return _submit(session, caller, adoption_id, apply.NAME, wanted or ApplyArguments(), key)


@router.post("/adoptions/{adoption_id}/verify", dependencies=[MANAGE], **_ASKED)
def verify_adoption(
    session: Writing, caller: TheCaller, adoption_id: AdoptionId, key: IdempotencyKey = None
) -> OperationOut:
    """Compare what the cloud and what vCenter say of the adopted VMs, field by field."""
    return _submit(session, caller, adoption_id, verify.NAME, NoArguments(), key)


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
    return _submit(session, caller, adoption_id, release.NAME, wanted or ReleaseArguments(), key)


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
        return _submit(session, caller, adoption.id, release.NAME, ReleaseArguments(vms=[vm]), key)


@router.post("/release", dependencies=[needs(Right.OPERATION_READ, at=ANYWHERE)], **_ASKED)
def release_servers(
    request: Request, platform: ThePlatform, caller: TheCaller, wanted: ReleaseIn, key: IdempotencyKey = None
) -> OperationOut:
    """Let clouds forget several adopted servers: an operation with a part for each of their adoptions.

    `items` in the result of a part says what became of each server. One that was not adopted has a part of
    its own, which has failed.
    """
    placed = find_servers(request, platform, caller, wanted.resources, Right.SERVER_RELEASE)
    with platform.database.write() as session:
        made = requests.release_servers(session, caller.actor, [one.subject for one in placed], key)
        return show(session, [made])[0]


def _submit(  # noqa: PLR0913, PLR0917 - what an operation consists of
    session: Session, caller: Caller, adoption_id: str, name: str, arguments: Arguments, key: str | None
) -> OperationOut:
    adoption = adoptions.get(session, adoption_id)
    made = requests.submit(session, caller.actor, adoption, name, arguments, key)
    return show(session, [made])[0]
