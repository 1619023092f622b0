"""/resources/{id}/console: sit down before a server."""

from __future__ import annotations

from fastapi import APIRouter, Request

from polyvisor.op.api.dependencies import TheCaller, ThePlatform
from polyvisor.op.api.needs import ANYWHERE, needs
from polyvisor.op.api.problems import documented
from polyvisor.op.api.routers.action import find_server
from polyvisor.op.api.routers.resource import ResourceId
from polyvisor.op.api.schemas.server import ConsoleIn, ConsoleOut
from polyvisor.op.audit import entry
from polyvisor.op.audit.entry import Target
from polyvisor.op.rights import Right

router = APIRouter(tags=["operations"])
#: What each type of console is spoken to by, as Nova has it.
_PROTOCOLS = {"novnc": "vnc", "spice-html5": "spice", "serial": "serial", "webmks": "mks"}


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
    subject, protocol = placed.subject, _PROTOCOLS[wanted.type]
    made = platform.clouds.run(
        str(subject.cloud_id),
        lambda cloud: cloud.compute.create_server_remote_console(
            subject.external_id, type=wanted.type, protocol=protocol
        ),
        project_id=subject.project_id,
    )
    with platform.database.write() as session:
        target = Target(subject.id, subject.name, subject.nodes[0])
        entry.record(session, caller.actor, "server.console", target, type=wanted.type)
    return ConsoleOut(type=made.type, protocol=made.protocol, url=made.url)
