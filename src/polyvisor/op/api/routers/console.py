"""/resources/{id}/console: sit down before a server."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request

from polyvisor.op.api.dependencies import TheCaller, ThePlatform
from polyvisor.op.api.needs import ANYWHERE, needs
from polyvisor.op.api.problems import documented
from polyvisor.op.api.routers.action import find_server
from polyvisor.op.api.routers.resource import ResourceId
from polyvisor.op.api.schemas.server import ConsoleIn, ConsoleOut
from polyvisor.op.audit import entry
from polyvisor.op.audit.entry import Target
from polyvisor.op.problem import Conflict
from polyvisor.op.rights import Right

router = APIRouter(tags=["operations"])
#: What each type of console is spoken to by, as Nova has it.
_PROTOCOLS = {"novnc": "vnc", "spice-html5": "spice", "serial": "serial", "webmks": "mks"}
#: Nova's power state "shutdown".
_OFF = 4


@router.post(
    "/resources/{resource_id}/console",
    dependencies=[needs(Right.SERVER_CONSOLE, at=ANYWHERE)],
    responses=documented(404, 409, 502, 503),
)
def open_console(
    request: Request, platform: ThePlatform, caller: TheCaller, resource_id: ResourceId, wanted: ConsoleIn
) -> ConsoleOut:
    """The address of a server's console. Whoever has it needs nothing else: it is in no log."""
    placed = find_server(request, platform, caller, resource_id, Right.SERVER_CONSOLE)
    subject = placed.subject
    made = platform.clouds.run(
        str(subject.cloud_id),
        lambda cloud: _open(cloud, str(subject.external_id), wanted.type),
        project_id=subject.project_id,
    )
    with platform.database.write() as session:
        target = Target(subject.id, subject.name, subject.nodes[0])
        entry.record(session, caller.actor, "server.console", target, type=wanted.type)
    return ConsoleOut(type=made.type, protocol=made.protocol, url=made.url)


def _open(cloud: Any, server: str, kind: str) -> Any:
    """Raises Conflict for a server that is off: of that, Nova with VMware says HTTP 500."""
    found = cloud.compute.get_server(server)
    if found.power_state == _OFF:
        raise Conflict(f"{found.name} is off, and has no console: start it first")
    return cloud.compute.create_server_remote_console(server, type=kind, protocol=_PROTOCOLS[kind])
