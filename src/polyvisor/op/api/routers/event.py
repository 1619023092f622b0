"""/events: what changes, as it changes."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Header, Request
from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.concurrency import run_in_threadpool

from polyvisor.op.api.dependencies import ThePlatform, get_anonymous, get_caller
from polyvisor.op.api.needs import ANYWHERE, needs
from polyvisor.op.inventory import events, sight
from polyvisor.op.inventory.events import Bell
from polyvisor.op.message import say
from polyvisor.op.platform import Platform
from polyvisor.op.problem import Forbidden, Problem
from polyvisor.op.rights import Right

router = APIRouter(prefix="/events", tags=["inventory"])
LOOK_SECONDS = 0.5
PING_SECONDS = 15


@router.get(
    "",
    dependencies=[needs(Right.INVENTORY_READ, at=ANYWHERE)],
    response_class=EventSourceResponse,
    responses={200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}}},
)
def stream_events(
    request: Request,
    platform: ThePlatform,
    last_event_id: Annotated[str | None, Header(pattern=r"^[0-9]{1,18}$")] = None,
) -> EventSourceResponse:
    """Server-sent events about what the caller may see; the id of the last one resumes.

    `ready`: from here on nothing is missed. `resource`: {id, kind, version, change}, where change is created,
    updated or gone. `operation`: {id, version, state, progress}. `reset`: what was read before may be old,
    read it again.
    """
    stream = _stream(request, platform, int(last_event_id) if last_event_id else None)
    return EventSourceResponse(stream, ping=PING_SECONDS, sep="\n", headers={"X-Accel-Buffering": "no"})


async def _stream(request: Request, platform: Platform, last: int | None) -> AsyncIterator[ServerSentEvent]:
    bell: Bell = request.app.state.bell
    if last is None:
        last = await run_in_threadpool(bell.latest)
        yield _event("ready", {}, last)
    known: int = last
    while True:
        if await run_in_threadpool(bell.latest) != known:
            try:
                known, told = await run_in_threadpool(_news, request, platform, known)
            except Problem:
                return  # logged out, or without the right by now; a new request says so
            for one in told:
                yield one
        await asyncio.sleep(LOOK_SECONDS)


def _news(request: Request, platform: Platform, last: int) -> tuple[int, list[ServerSentEvent]]:
    """What came after an event, of what the caller may see now. Raises Unauthenticated, Forbidden."""
    caller = get_caller(request, platform, get_anonymous(request))
    if not caller.access.anywhere(Right.INVENTORY_READ):
        raise Forbidden(say("no_right_anywhere", user=caller.user.name, right=Right.INVENTORY_READ))
    with platform.database.read() as session:
        if not events.is_known(session, last):
            last = events.latest(session)
            return last, [_event("reset", {}, last)]
        seen = sight.look(session, caller.access)
        came = events.after(session, last)
    told = [_event(one.type, one.data, one.id) for one in came if seen.event(one)]
    return (came[-1].id if came else last), told


def _event(kind: str, data: dict[str, object], key: int) -> ServerSentEvent:
    return ServerSentEvent(json.dumps(data), event=kind, id=str(key), sep="\n")
