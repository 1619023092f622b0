"""The program ``kvm-node``: holds the KVM host's namespaces, and lets what is in them reach OpenStack.

OpenStack listens on loopback, and so it stays. The namespaces have a loopback of their own, on which the same
ports are listened on; what comes in there is carried over by this process, which is outside. The other way it
carries what nova-novncproxy asks: the screens of the guests.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import socket
import subprocess
import sys
from collections.abc import Awaitable, Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from functools import partial
from pathlib import Path

import psutil

from polyvisor.sandbox.kvm import namespace
from polyvisor.sandbox.settings import Settings, load_seen_by, write_private

#: What a compute host asks; the others it could not reach in a real cloud either.
FOR_COMPUTES = ("rabbitmq", "keystone", "placement", "glance", "neutron", "nova", "cinder", "nova-metadata")
NAMESPACES = ("--net", "--mount", "--uts", "--pid", "--fork", "--kill-child", "--mount-proc")
CHUNK_BYTES = 65536
#: Of setns(2): a network namespace.
CLONE_NEWNET = 0x40000000
Dial = Callable[[], Awaitable[tuple[asyncio.StreamReader, asyncio.StreamWriter]]]


def ports(settings: Settings) -> list[int]:
    """TCP ports on loopback that the KVM host can reach."""
    return [settings.ports[name] for name in FOR_COMPUTES if name in settings.ports]


def main() -> None:
    """Make the namespaces, carry connections over, and end when either side ends."""
    root, openstack = sys.argv[1:]
    settings = load_seen_by(Path(root), openstack)
    ours, theirs = socket.socketpair()
    inside = [sys.executable, "-m", namespace.FIRST_PROCESS, root, openstack, str(theirs.fileno())]
    unshare = subprocess.Popen(["unshare", *NAMESPACES, *inside], pass_fds=[theirs.fileno()])
    theirs.close()
    wanted = ports(settings)
    _message, listeners, _flags, _address = socket.recv_fds(ours, 1, len(wanted))
    if len(listeners) != len(wanted):
        raise SystemExit("the namespaces could not be made; the reason is above")
    (init,) = psutil.Process(unshare.pid).children()
    write_private(namespace.pid_file(settings), str(init.pid))
    with ThreadPoolExecutor(1, initializer=_enter_network, initargs=(init.pid,)) as within:
        asyncio.run(_carry(dict(zip(wanted, listeners, strict=True)), settings.screens, within, ours))


def _enter_network(pid: int) -> None:
    """Have this thread, and so the sockets that it makes, be in the network namespace of a process."""
    with Path(f"/proc/{pid}/ns/net").open() as namespace_file:
        if ctypes.CDLL(None, use_errno=True).setns(namespace_file.fileno(), CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


async def _carry(listeners: dict[int, int], screens: range, within: Executor, inside: socket.socket) -> None:
    for port, descriptor in listeners.items():
        await asyncio.start_server(
            partial(_connection, partial(asyncio.open_connection, "127.0.0.1", port)),
            sock=socket.socket(fileno=descriptor),
        )
    for port in screens:
        dial = partial(_dial_inside, within, port)
        await asyncio.start_server(partial(_connection, dial), "127.0.0.1", port)
    inside.setblocking(False)
    await asyncio.get_running_loop().sock_recv(inside, 1)  # nothing is ever sent: it ends with the other side


async def _dial_inside(within: Executor, port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    loop = asyncio.get_running_loop()
    made = await loop.run_in_executor(within, socket.create_connection, ("127.0.0.1", port))
    return await asyncio.open_connection(sock=made)


async def _connection(dial: Dial, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        upstream_reader, upstream_writer = await dial()
    except OSError:
        writer.close()
        return
    await asyncio.gather(_pump(reader, upstream_writer), _pump(upstream_reader, writer))
    upstream_writer.close()
    writer.close()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(CHUNK_BYTES):
            writer.write(data)
            await writer.drain()
        writer.write_eof()


if __name__ == "__main__":
    main()
