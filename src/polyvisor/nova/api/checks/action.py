"""POST /servers/{server_id}/action, for the actions that are Nova's."""

from typing import Any

from nova.api.openstack import wsgi

from polyvisor.nova.api.checks import deletion, metadata, protection, snapshot


def action(req: wsgi.Request, server_id: str, body: Any) -> None:
    """Ask each of the checks that know some of the actions."""
    metadata.action(req, server_id, body)
    protection.action(req, server_id, body)
    deletion.action(req, server_id, body)
    snapshot.action(req, server_id, body)
