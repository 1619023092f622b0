"""/vcenters: attached to clouds, so that their VMs can be adopted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from sqlalchemy import select

from polyvisor.op import paging
from polyvisor.op.adoption import vcenter as vcenters
from polyvisor.op.adoption.vcenter import Changes, Reach
from polyvisor.op.api.dependencies import Reading, TheCaller, ThePlatform, TheSlice, Writing
from polyvisor.op.api.needs import ANYWHERE, needs, require
from polyvisor.op.api.problems import documented
from polyvisor.op.api.schemas.base import Id, Page
from polyvisor.op.api.schemas.vcenter import VCenterChange, VCenterIn, VCenterOut
from polyvisor.op.db.models import VCenter
from polyvisor.op.rights import Right

router = APIRouter(prefix="/vcenters", tags=["adoption"])
VCenterId = Annotated[Id, Path(description="Of an attached vCenter.")]


def vcenter_nodes(platform: ThePlatform, vcenter_id: VCenterId) -> Sequence[str]:
    """Where a vCenter is in the tree: at its cloud."""
    with platform.database.read() as session:
        found = session.get(VCenter, vcenter_id)
    return (f"/clouds/{found.cloud_id}" if found else "/clouds",)


@router.get("", dependencies=[needs(Right.ADOPTION_READ, at=ANYWHERE)])
def list_vcenters(
    session: Reading,
    caller: TheCaller,
    part: TheSlice,
    cloud: Annotated[Id | None, Query(description="Only of this cloud.")] = None,
) -> Page[VCenterOut]:
    """vCenters that the caller may see, by name."""
    statement = select(VCenter)
    access = caller.access
    if not access.allows(Right.ADOPTION_READ, "/clouds"):
        held = [one for one in access.held if Right.ADOPTION_READ in one.rights]
        statement = statement.where(VCenter.cloud_id.in_([one.node.removeprefix("/clouds/") for one in held]))
    if cloud is not None:
        statement = statement.where(VCenter.cloud_id == cloud)
    rows, cursor = paging.fetch(session, statement, [paging.Key(VCenter.name)], part)
    return Page(items=[VCenterOut.model_validate(row) for row in rows], next=cursor)


@router.post(
    "",
    status_code=201,
    dependencies=[needs(Right.ADOPTION_MANAGE, at=ANYWHERE)],
    responses=documented(404, 409, 502, 503),
)
def register_vcenter(
    request: Request, platform: ThePlatform, caller: TheCaller, wanted: VCenterIn
) -> VCenterOut:
    """Attach a vCenter to a cloud. It is logged in to first; one that does not answer is not attached."""
    require(request, platform, caller, Right.ADOPTION_MANAGE, [f"/clouds/{wanted.cloud_id}"])
    reach = Reach(
        host=wanted.host,
        port=wanted.port,
        username=wanted.username,
        password=wanted.password.get_secret_value(),
        ca_certificate=wanted.ca_certificate or None,
        insecure=wanted.insecure,
    )
    made = vcenters.register(platform, caller.actor, wanted.cloud_id, wanted.name, reach)
    return VCenterOut.model_validate(made)


@router.get(
    "/{vcenter_id}",
    dependencies=[needs(Right.ADOPTION_READ, at=vcenter_nodes)],
    responses=documented(404),
)
def show_vcenter(session: Reading, vcenter_id: VCenterId) -> VCenterOut:
    """One vCenter, and how it fared when it was last asked."""
    return VCenterOut.model_validate(vcenters.get(session, vcenter_id))


@router.patch(
    "/{vcenter_id}",
    dependencies=[needs(Right.ADOPTION_MANAGE, at=vcenter_nodes)],
    responses=documented(404, 409, 502, 503),
)
def change_vcenter(
    platform: ThePlatform, caller: TheCaller, vcenter_id: VCenterId, wanted: VCenterChange
) -> VCenterOut:
    """Change name, address, account or trust. It must answer in the new way first, and be the same.

    All but the name needs the password again.
    """
    changes = Changes(
        name=wanted.name,
        host=wanted.host,
        port=wanted.port,
        username=wanted.username,
        password=wanted.password.get_secret_value() if wanted.password else None,
        ca_certificate=wanted.ca_certificate,
        insecure=wanted.insecure,
    )
    return VCenterOut.model_validate(vcenters.update(platform, caller.actor, vcenter_id, changes))


@router.delete(
    "/{vcenter_id}",
    status_code=204,
    dependencies=[needs(Right.ADOPTION_MANAGE, at=vcenter_nodes)],
    responses=documented(404, 409),
)
def remove_vcenter(session: Writing, caller: TheCaller, vcenter_id: VCenterId) -> None:
    """Detach a vCenter that no adoption is about. It stays as it is."""
    vcenters.remove(session, caller.actor, vcenter_id)


@router.post(
    "/{vcenter_id}/probe",
    dependencies=[needs(Right.ADOPTION_MANAGE, at=vcenter_nodes)],
    responses=documented(404),
)
def probe_vcenter(platform: ThePlatform, vcenter_id: VCenterId) -> VCenterOut:
    """Log in to a vCenter now. The answer has its health, whatever comes of it."""
    return VCenterOut.model_validate(vcenters.probe(platform, vcenter_id))
