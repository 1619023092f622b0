"""/resources/{id}/actions, /actions: what is done to servers, to one or to many."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.requests import HTTPConnection
from sqlalchemy.orm import Session

from polyvisor.message import Message
from polyvisor.op.actions.action import Action
from polyvisor.op.actions.registry import ACTIONS
from polyvisor.op.api.dependencies import Caller, TheCaller, ThePlatform
from polyvisor.op.api.idempotency import IdempotencyKey
from polyvisor.op.api.needs import ANYWHERE, needs, require
from polyvisor.op.api.problems import documented
from polyvisor.op.api.routers.operation import show
from polyvisor.op.api.routers.resource import ResourceId
from polyvisor.op.api.schemas.action import ActionIn, AnyActionIn, BulkIn, CheckOut
from polyvisor.op.api.schemas.operation import OperationOut
from polyvisor.op.db.models.resource import Kind
from polyvisor.op.inventory import resource as resources
from polyvisor.op.inventory import sight
from polyvisor.op.message import say
from polyvisor.op.operations import operation as operations
from polyvisor.op.operations.operation import Wish
from polyvisor.op.operations.subject import Placed, of_resource
from polyvisor.op.platform import Platform
from polyvisor.op.problem import Conflict, Invalid
from polyvisor.op.rights import Right

router = APIRouter(tags=["operations"])
_RESPONSES: dict[int | str, dict[str, Any]] = {200: {"model": CheckOut}, **documented(404, 409, 502, 503)}


@router.post(
    "/resources/{resource_id}/actions",
    status_code=202,
    dependencies=[needs(Right.OPERATION_READ, at=ANYWHERE)],
    responses=_RESPONSES,
)
def act_on_resource(  # noqa: PLR0913, PLR0917 - a request has so many parts
    request: Request,
    response: Response,
    platform: ThePlatform,
    caller: TheCaller,
    resource_id: ResourceId,
    wanted: ActionIn,
    key: IdempotencyKey = None,
) -> OperationOut | CheckOut:
    """Do something to a server. Each action has a right of its own, at the server's tenant or cloud."""
    placed = find_server(request, platform, caller, resource_id, ACTIONS[wanted.action].right)
    _admit(placed, wanted)
    if getattr(wanted, "dry_run", False):
        response.status_code = 200
        return CheckOut(check=_check(platform, ACTIONS[wanted.action], placed, wanted))
    with platform.database.write() as session:
        made = operations.submit(session, caller.actor, _wish(wanted, key), placed.subject)
        return show(session, [made])[0]


@router.post(
    "/actions",
    status_code=202,
    dependencies=[needs(Right.OPERATION_READ, at=ANYWHERE)],
    responses=documented(404, 409),
)
def act_on_resources(
    request: Request, platform: ThePlatform, caller: TheCaller, wanted: BulkIn, key: IdempotencyKey = None
) -> OperationOut:
    """Do the same to several servers: an operation with a part, and so with a result, for each."""
    right = ACTIONS[wanted.action].right
    placed = find_servers(request, platform, caller, wanted.resources, right)
    with platform.database.write() as session:
        made = operations.submit_bulk(
            session,
            caller.actor,
            _wish(wanted, key),
            [one.subject for one in placed],
            refused=_refused(placed, wanted),
        )
        return show(session, [made])[0]


def find_server(
    request: HTTPConnection, platform: Platform, caller: Caller, resource_id: str, right: Right
) -> Placed:
    """A server that the caller sees and has a right to. Raises NotFound, Conflict, Forbidden."""
    with platform.database.read() as session:
        placed = _placed(session, caller, resource_id)
    require(request, platform, caller, right, placed.subject.nodes)
    return placed


def find_servers(
    request: HTTPConnection, platform: Platform, caller: Caller, resource_ids: Sequence[str], right: Right
) -> list[Placed]:
    """Several servers. Raises as ``find_server``, and Invalid if one is named twice."""
    if len(set(resource_ids)) < len(resource_ids):
        raise Invalid("body.resources", say("server_twice"))
    return [find_server(request, platform, caller, one, right) for one in resource_ids]


def _placed(session: Session, caller: Caller, resource_id: str) -> Placed:
    found = resources.get(session, sight.look(session, caller.access), resource_id)
    if found.kind != Kind.SERVER:
        raise Conflict(say("servers_only", name=found.name, kind=found.kind))
    return of_resource(session, found)


def _admit(placed: Placed, wanted: AnyActionIn) -> None:
    ACTIONS[wanted.action].admit(wanted.arguments, placed.cloud, placed.capabilities)


def _refused(placed: list[Placed], wanted: AnyActionIn) -> dict[str, Message]:
    """Why clouds cannot do it, by the ids of the servers."""
    refused = {}
    for one in placed:
        try:
            _admit(one, wanted)
        except Conflict as reason:
            refused[str(one.subject.id)] = reason.message
    return refused


def _wish(wanted: AnyActionIn, key: str | None) -> Wish:
    names = [step.name for step in ACTIONS[wanted.action].steps]
    return Wish(wanted.action, wanted.arguments.model_dump(), names, key)


def _check(platform: Platform, action: Action[Any], placed: Placed, wanted: AnyActionIn) -> dict[str, Any]:
    """Ask the cloud, as its own account: only administrators are told where servers could go."""
    check, subject = action.check, placed.subject
    assert check is not None  # noqa: S101 - the schema has no dry run without it
    if not (placed.capabilities.get("polyvisor") or {}).get("compute"):
        raise Conflict(say("cannot_check", cloud=placed.cloud))
    return platform.clouds.run(
        str(subject.cloud_id), lambda cloud: check(cloud, str(subject.external_id), wanted.arguments)
    )
