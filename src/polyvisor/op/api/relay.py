"""Carry a browser's websocket over to a cloud's, as long as both are there and it is allowed."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from enum import StrEnum

from fastapi import WebSocket, WebSocketDisconnect
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidURI, WebSocketException

from polyvisor.op.message import say
from polyvisor.op.problem import CloudUnavailable

#: What noVNC and nova-novncproxy speak.
SUBPROTOCOL = "binary"
CONNECT_SECONDS = 10
CLOSE_SECONDS = 2
#: No message of a proxy is longer by far.
MAX_BYTES = 16 * 1024 * 1024


class End(StrEnum):
    """Why it ended, as the browser and the audit log are told."""

    LEFT = "left"
    ENDED = "ended"
    TIME_LIMIT = "time_limit"
    NOT_ALLOWED = "not_allowed"


@asynccontextmanager
async def reach(cloud: str, address: str, trust: ssl.SSLContext) -> AsyncIterator[ClientConnection]:
    """The cloud's websocket. Raises CloudUnavailable; the address has a secret, and is in no message."""
    try:
        made = await connect(
            address,
            ssl=trust if address.startswith("wss:") else None,
            subprotocols=[SUBPROTOCOL],  # type: ignore[list-item]
            compression=None,  # pictures are compressed already
            max_size=MAX_BYTES,
            open_timeout=CONNECT_SECONDS,
            close_timeout=CLOSE_SECONDS,
        )
    except InvalidURI:  # after a redirect; it has the address, from which the cause would be printed too
        raise CloudUnavailable(say("console_no_socket", cloud=cloud)) from None
    except (OSError, TimeoutError, WebSocketException) as fault:
        reason = str(fault) or type(fault).__name__
        raise CloudUnavailable(say("console_silent", cloud=cloud, text=reason)) from fault
    async with made:
        yield made


async def relay(
    browser: WebSocket,
    cloud: ClientConnection,
    until_not_allowed: Coroutine[None, None, None],
    seconds: float,
) -> End:
    """Carry all messages over, both ways, for at most so many seconds."""
    ends = {
        asyncio.create_task(_to_cloud(browser, cloud)): End.LEFT,
        asyncio.create_task(_to_browser(browser, cloud)): End.ENDED,
        asyncio.create_task(until_not_allowed): End.NOT_ALLOWED,
    }
    try:
        done, _ = await asyncio.wait(ends, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in ends:
            task.cancel()
        await asyncio.gather(*ends, return_exceptions=True)
    return next((end for task, end in ends.items() if task in done), End.TIME_LIMIT)


async def _to_cloud(browser: WebSocket, cloud: ClientConnection) -> None:
    try:
        while True:
            await cloud.send(await browser.receive_bytes())
    except (WebSocketDisconnect, KeyError, TypeError):  # gone, or it sends text, as no console does
        return
    except ConnectionClosed:
        await asyncio.Event().wait()  # the other direction tells


async def _to_browser(browser: WebSocket, cloud: ClientConnection) -> None:
    try:
        async for message in cloud:
            await browser.send_bytes(message if isinstance(message, bytes) else message.encode())
    except ConnectionClosed:
        return
    except (WebSocketDisconnect, RuntimeError):
        await asyncio.Event().wait()
