"""/resources/{id}/console: sit down before a server."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

from fastapi import APIRouter, Request, WebSocket
from starlette.concurrency import run_in_threadpool

from polyvisor.op.api.dependencies import Caller, TheCaller, ThePlatform, get_anonymous, get_caller
from polyvisor.op.api.needs import ANYWHERE, needs
from polyvisor.op.api.problems import documented
from polyvisor.op.api.relay import SUBPROTOCOL, End, reach, relay
from polyvisor.op.api.routers.action import find_server
from polyvisor.op.api.routers.resource import ResourceId
from polyvisor.op.api.schemas.server import ConsoleIn, ConsoleOut, RelayOut
from polyvisor.op.audit import entry
from polyvisor.op.audit.entry import Target
from polyvisor.op.console import cloud as offers
from polyvisor.op.console import ticket as tickets
from polyvisor.op.operations.subject import Placed, Subject
from polyvisor.op.platform import Platform
from polyvisor.op.problem import CloudUnavailable, Forbidden, Problem
from polyvisor.op.rights import Right

router = APIRouter(tags=["operations"])
_MAY = [needs(Right.SERVER_CONSOLE, at=ANYWHERE)]
_TICKET = "ticket."
#: Of websockets, for what an application has to say: 4000 and an HTTP status.
_CLOSED = {
    End.LEFT: 1000,
    End.ENDED: 4410,
    End.TIME_LIMIT: 4408,
    End.NOT_ALLOWED: 4403,
}


@router.post("/resources/{resource_id}/console", dependencies=_MAY, responses=documented(404, 409, 502, 503))
def open_console(
    request: Request, platform: ThePlatform, caller: TheCaller, resource_id: ResourceId, wanted: ConsoleIn
) -> ConsoleOut:
    """The address of a server's console. Whoever has it needs nothing else: it is in no log.

    With `relay`, a websocket to `relay.path` is the console by the platform, which speaks RFB (VNC). It needs
    a session or an API token of the same user, and must offer the subprotocols `binary` and `ticket.` with
    the ticket. The platform closes it with 4403 (not allowed any more), 4408 (its time is over), 4410 (the
    cloud has ended it) or 4503 (the cloud's proxy does not answer).
    """
    placed = find_server(request, platform, caller, resource_id, Right.SERVER_CONSOLE)
    subject = placed.subject
    made = platform.clouds.run(
        str(subject.cloud_id),
        lambda cloud: offers.ask(cloud, str(subject.external_id), wanted.type),
        project_id=subject.project_id,
    )
    address = offers.socket_of(made.url) if wanted.type in offers.RELAYED else None
    with platform.database.write() as session:
        entry.record(session, caller.actor, "server.console", _target(subject), type=wanted.type)
        issued = address and tickets.issue(
            session,
            platform.vault,
            user_id=caller.user.id,
            resource_id=resource_id,
            address=address,
            seconds=platform.settings.console_ticket_seconds,
        )
    way = issued and RelayOut(path=request.url.path, ticket=issued.secret, expires_at=issued.expires_at)
    return ConsoleOut(type=made.type, protocol=made.protocol, url=made.url, relay=way or None)


@router.websocket("/resources/{resource_id}/console", dependencies=_MAY)
async def relay_console(
    browser: WebSocket, platform: ThePlatform, caller: TheCaller, resource_id: ResourceId
) -> None:
    """The console itself. Before it is accepted, problems are answered as those of any request."""
    offered = browser.scope["subprotocols"]
    secret = next((one.removeprefix(_TICKET) for one in offered if one.startswith(_TICKET)), "")
    placed, address = await run_in_threadpool(_redeem, browser, platform, caller, resource_id, secret)
    await browser.accept(SUBPROTOCOL if SUBPROTOCOL in offered else None)
    try:
        end = await _carry(browser, platform, placed, address)
    except CloudUnavailable as problem:
        await _tell(platform, caller, placed, "failed", problem.code)
        await browser.close(4000 + problem.status, problem.code)
        return
    await _tell(platform, caller, placed, "done", end)
    with suppress(RuntimeError):  # it has closed it itself
        await browser.close(_CLOSED[end], end)


async def _carry(browser: WebSocket, platform: Platform, placed: Placed, address: str) -> End:
    settings = platform.settings
    trust = await run_in_threadpool(platform.clouds.trust, str(placed.subject.cloud_id))

    async def until_not_allowed() -> None:
        with suppress(Problem):
            while True:
                await asyncio.sleep(settings.console_check_seconds)
                await run_in_threadpool(_still_allowed, browser, platform, str(placed.subject.id))

    async with reach(placed.cloud, address, trust) as cloud:
        return await relay(browser, cloud, until_not_allowed(), settings.console_hours * 3600)


def _redeem(
    browser: WebSocket, platform: Platform, caller: Caller, resource_id: str, secret: str
) -> tuple[Placed, str]:
    """The server, and the cloud's address. Raises NotFound, Conflict, Forbidden."""
    placed = find_server(browser, platform, caller, resource_id, Right.SERVER_CONSOLE)
    try:
        with platform.database.write() as session:
            address = tickets.redeem(
                session, platform.vault, secret, user_id=caller.user.id, resource_id=resource_id
            )
            entry.record(session, caller.actor, "server.console.open", _target(placed.subject))
    except Forbidden:
        with platform.database.write() as session:
            entry.record(
                session, caller.actor, "server.console.open", _target(placed.subject), outcome="denied"
            )
        raise
    return placed, address


def _still_allowed(browser: WebSocket, platform: Platform, resource_id: str) -> None:
    """Raises Problem: logged out, without the right, or the server has gone."""
    caller = get_caller(browser, platform, get_anonymous(browser))
    find_server(browser, platform, caller, resource_id, Right.SERVER_CONSOLE)


async def _tell(platform: Platform, caller: Caller, placed: Placed, outcome: str, why: str) -> None:
    def record() -> None:
        with platform.database.write() as session:
            detail: dict[str, Any] = {"reason": str(why)}
            entry.record(
                session,
                caller.actor,
                "server.console.close",
                _target(placed.subject),
                outcome=outcome,
                **detail,
            )

    await run_in_threadpool(record)


def _target(subject: Subject) -> Target:
    return Target(subject.id, subject.name, subject.nodes[0])
