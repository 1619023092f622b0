"""GET /servers/{server_id}/os-instance-actions: why our long work, or the attachment of a volume, failed.

Nova's own message of a failed action is "Error", whatever it was; the details of the events are for
administrators.
"""

from collections.abc import Iterable
from typing import Any

from nova import context as nova_context
from nova import objects
from nova.api.openstack import wsgi
from nova.context import RequestContext

from polyvisor.nova import told

Body = dict[str, Any]

_ATTACHMENT = "compute_attach_volume"


def show(req: wsgi.Request, body: Body, server_id: str, id: str) -> Body:  # noqa: A002, ARG001 - of the route
    """Add the reason to one action."""
    _explain(req.environ["nova.context"], server_id, [body["instanceAction"]])
    return body


def index(req: wsgi.Request, body: Body, server_id: str) -> Body:
    """Add the reasons to all of a server's actions that failed."""
    _explain(req.environ["nova.context"], server_id, body["instanceActions"])
    return body


def _explain(context: RequestContext, server_id: str, actions: Iterable[Body]) -> None:
    failed = [action for action in actions if action["message"]]
    if not failed:
        return
    mapping = objects.InstanceMapping.get_by_instance_uuid(context.elevated(read_deleted="yes"), server_id)
    with nova_context.target_cell(context.elevated(read_deleted="yes"), mapping.cell_mapping) as cell:
        for action in failed:
            action["message"] = _reason(cell, server_id, action["request_id"]) or action["message"]


def _reason(cell: RequestContext, server_id: str, request_id: str) -> str | None:
    action = objects.InstanceAction.get_by_request_id(cell, server_id, request_id)
    events = objects.InstanceActionEventList.get_by_action(cell, action.id) if action else []
    reasons = (_told(event) for event in events if event.result == "Error" and event.details)
    return next(filter(None, reasons), None)


def _told(event: objects.InstanceActionEvent) -> str | None:
    if event.event == _ATTACHMENT:
        return told.refused(event.details)
    return told.read(event.details) if event.event.startswith("polyvisor_") else None
