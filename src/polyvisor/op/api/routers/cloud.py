"""/clouds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Path
from sqlalchemy import select

from polyvisor.op import paging
from polyvisor.op.api.dependencies import Reading, TheCaller, ThePlatform, TheSlice, Writing
from polyvisor.op.api.needs import ANYWHERE, needs
from polyvisor.op.api.problems import documented
from polyvisor.op.api.schemas.base import Id, Page
from polyvisor.op.api.schemas.cloud import CloudChange, CloudIn, CloudOut
from polyvisor.op.clouds import cloud as clouds
from polyvisor.op.clouds.cloud import Changes
from polyvisor.op.clouds.credential import Reach
from polyvisor.op.db.models import Cloud
from polyvisor.op.rights import Right

router = APIRouter(prefix="/clouds", tags=["clouds"])
CloudId = Annotated[Id, Path(description="Of a registered cloud.")]


def cloud_nodes(cloud_id: CloudId) -> Sequence[str]:
    """Where a cloud is in the tree."""
    return (f"/clouds/{cloud_id}",)


@router.get("", dependencies=[needs(Right.CLOUD_READ, at=ANYWHERE)])
def list_clouds(session: Reading, caller: TheCaller, part: TheSlice) -> Page[CloudOut]:
    """Clouds that the caller may see, by name."""
    statement = select(Cloud)
    access = caller.access
    if not access.allows(Right.CLOUD_READ, "/clouds"):
        seen = [one.node.removeprefix("/clouds/") for one in access.held if Right.CLOUD_READ in one.rights]
        statement = statement.where(Cloud.id.in_(seen))
    rows, cursor = paging.fetch(session, statement, [paging.Key(Cloud.name)], part)
    return Page(items=[CloudOut.model_validate(row) for row in rows], next=cursor)


@router.post(
    "",
    status_code=201,
    dependencies=[needs(Right.CLOUD_MANAGE)],
    responses=documented(409, 502, 503),
)
def register_cloud(platform: ThePlatform, caller: TheCaller, wanted: CloudIn) -> CloudOut:
    """Register a cloud. It is asked what it can do first; one that does not answer is not registered."""
    reach = Reach(wanted.credential.read(), wanted.region, wanted.ca_certificate, wanted.insecure)
    return CloudOut.model_validate(clouds.register(platform, caller.actor, wanted.name, reach))


@router.get(
    "/{cloud_id}",
    dependencies=[needs(Right.CLOUD_READ, at=cloud_nodes)],
    responses=documented(404),
)
def show_cloud(session: Reading, cloud_id: CloudId) -> CloudOut:
    """One cloud, what it can do and how it fares."""
    return CloudOut.model_validate(clouds.get(session, cloud_id))


@router.patch(
    "/{cloud_id}",
    dependencies=[needs(Right.CLOUD_MANAGE, at=cloud_nodes)],
    responses=documented(404, 409, 502, 503),
)
def change_cloud(
    platform: ThePlatform, caller: TheCaller, cloud_id: CloudId, wanted: CloudChange
) -> CloudOut:
    """Change name, region, credential or trust. The cloud must answer in the new way first."""
    changes = Changes(
        name=wanted.name,
        region=wanted.region,
        credential=wanted.credential.read() if wanted.credential else None,
        ca_certificate=wanted.ca_certificate,
        insecure=wanted.insecure,
    )
    return CloudOut.model_validate(clouds.update(platform, caller.actor, cloud_id, changes))


@router.delete(
    "/{cloud_id}",
    status_code=204,
    dependencies=[needs(Right.CLOUD_MANAGE, at=cloud_nodes)],
    responses=documented(404, 409),
)
def remove_cloud(session: Writing, caller: TheCaller, cloud_id: CloudId) -> None:
    """Forget a cloud that is drained and that no tenant has projects on. What is on it stays."""
    clouds.remove(session, caller.actor, cloud_id)


@router.post(
    "/{cloud_id}/probe",
    dependencies=[needs(Right.CLOUD_MANAGE, at=cloud_nodes)],
    responses=documented(404),
)
def probe_cloud(platform: ThePlatform, cloud_id: CloudId) -> CloudOut:
    """Ask a cloud now what it can do. The answer has its health, whatever comes of it."""
    return CloudOut.model_validate(clouds.probe(platform, cloud_id))


@router.post(
    "/{cloud_id}/drain",
    dependencies=[needs(Right.CLOUD_MANAGE, at=cloud_nodes)],
    responses=documented(404),
)
def drain_cloud(session: Writing, caller: TheCaller, cloud_id: CloudId) -> CloudOut:
    """Place nothing new on a cloud."""
    return CloudOut.model_validate(clouds.drain(session, caller.actor, cloud_id, draining=True))


@router.delete(
    "/{cloud_id}/drain",
    dependencies=[needs(Right.CLOUD_MANAGE, at=cloud_nodes)],
    responses=documented(404),
)
def undrain_cloud(session: Writing, caller: TheCaller, cloud_id: CloudId) -> CloudOut:
    """Use a cloud for new things again."""
    return CloudOut.model_validate(clouds.drain(session, caller.actor, cloud_id, draining=False))
