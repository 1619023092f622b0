"""/servers: new ones, wherever there is room. /resources/{id}/snapshots: those of one."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response

from polyvisor.op.actions import create, snapshot
from polyvisor.op.api.dependencies import Caller, TheCaller, ThePlatform
from polyvisor.op.api.idempotency import IdempotencyKey
from polyvisor.op.api.needs import ANYWHERE, needs, require
from polyvisor.op.api.problems import documented
from polyvisor.op.api.routers.action import find_server
from polyvisor.op.api.routers.operation import show
from polyvisor.op.api.routers.resource import ResourceId
from polyvisor.op.api.schemas.operation import OperationOut
from polyvisor.op.api.schemas.server import PlacementOut, ServerIn, SnapshotsOut, VerdictOut
from polyvisor.op.db.models import Cloud, Tenant
from polyvisor.op.message import say
from polyvisor.op.operations import operation as operations
from polyvisor.op.operations.operation import Wish
from polyvisor.op.operations.subject import Subject
from polyvisor.op.platform import Platform
from polyvisor.op.problem import Conflict, Invalid
from polyvisor.op.rights import Right
from polyvisor.op.scheduling import scheduler
from polyvisor.op.scheduling.candidate import Wanted

router = APIRouter(tags=["operations"])
_RESPONSES: dict[int | str, dict[str, Any]] = {200: {"model": PlacementOut}, **documented(409)}


@router.post(
    "/servers",
    status_code=202,
    dependencies=[needs(Right.SERVER_CREATE, at=ANYWHERE)],
    responses=_RESPONSES,
)
def create_server(  # noqa: PLR0913, PLR0917 - a request has so many parts
    request: Request,
    response: Response,
    platform: ThePlatform,
    caller: TheCaller,
    wanted: ServerIn,
    key: IdempotencyKey = None,
) -> OperationOut | PlacementOut:
    """Have a server made on the cloud where it fits best; or with `dry_run` see all places and verdicts."""
    subject = _subject(request, platform, caller, wanted)
    arguments = wanted.model_dump(exclude={"dry_run"})
    if wanted.dry_run:
        response.status_code = 200
        verdicts = scheduler.consider(platform, caller.access, Wanted.of(arguments))
        return PlacementOut(candidates=[VerdictOut(**one.as_result()) for one in verdicts])
    wish = Wish(create.NAME, arguments, [step.name for step in create.STEPS], key)
    with platform.database.write() as session:
        return show(session, [operations.submit(session, caller.actor, wish, subject)])[0]


@router.get(
    "/resources/{resource_id}/snapshots",
    dependencies=[needs(Right.INVENTORY_READ, at=ANYWHERE)],
    responses=documented(404, 409, 502, 503),
)
def list_snapshots(
    request: Request, platform: ThePlatform, caller: TheCaller, resource_id: ResourceId
) -> SnapshotsOut:
    """The snapshots that a server has at this moment, asked of its cloud."""
    placed = find_server(request, platform, caller, resource_id, Right.INVENTORY_READ)
    snapshot.TAKE.admit(None, placed.cloud, placed.capabilities)
    subject = placed.subject
    found = platform.clouds.run(
        str(subject.cloud_id),
        lambda cloud: snapshot.read(cloud, str(subject.external_id)),
        project_id=subject.project_id,
    )
    return SnapshotsOut.model_validate(found)


def _subject(request: Request, platform: Platform, caller: Caller, wanted: ServerIn) -> Subject:
    """Where the new server will be. Raises Invalid, Forbidden, Conflict."""
    with platform.database.read() as session:
        tenant = session.get(Tenant, wanted.tenant_id)
        cloud = session.get(Cloud, wanted.cloud_id) if wanted.cloud_id else None
    if tenant is None:
        raise Invalid("body.tenant_id", say("not_found", thing="tenant", name=wanted.tenant_id))
    if wanted.cloud_id and cloud is None:
        raise Invalid("body.cloud_id", say("not_found", thing="cloud", name=wanted.cloud_id))
    nodes = (tenant.node, cloud.node) if cloud else (tenant.node,)
    require(request, platform, caller, Right.SERVER_CREATE, nodes)
    if cloud is not None and cloud.draining:
        raise Conflict(say("cloud_drained", cloud=cloud.name))
    return Subject(wanted.name, tenant_id=tenant.id, tenant_node=tenant.node)
