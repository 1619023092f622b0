"""Changes to the metadata of a server: they may not come to ask for a place that there is not.

The wish counts when the server is built again somewhere: by rebuild, unshelve, evacuation.
"""

from typing import Any

from nova.api.openstack import wsgi

from polyvisor.nova import errors, wish
from polyvisor.nova.api.checks import place
from polyvisor.nova.api.checks.destination import Destination
from polyvisor.nova.api.checks.server import find
from polyvisor.vsphere.wish import Wish


def create(req: wsgi.Request, server_id: str, body: Any) -> None:
    """POST /servers/{server_id}/metadata: adds to what is there."""
    _check(req, server_id, _member(body, "metadata"), keeps=True)


def update_all(req: wsgi.Request, server_id: str, body: Any) -> None:
    """PUT /servers/{server_id}/metadata: replaces what is there."""
    _check(req, server_id, _member(body, "metadata"), keeps=False)


def update(req: wsgi.Request, server_id: str, key: str, body: Any) -> None:  # noqa: ARG001 - names of the route
    """PUT /servers/{server_id}/metadata/{key}: adds to what is there."""
    _check(req, server_id, _member(body, "meta"), keeps=True)


def action(req: wsgi.Request, server_id: str, body: Any) -> None:
    """POST /servers/{server_id}/action: of all actions, `rebuild` can replace the metadata."""
    _check(req, server_id, _member(_member(body, "rebuild"), "metadata"), keeps=False)


def _member(body: Any, name: str) -> Any:
    return body.get(name) if isinstance(body, dict) else None


def _check(req: wsgi.Request, server_id: str, change: Any, *, keeps: bool) -> None:
    if place.read_wish(change) is None:
        return
    context = req.environ["nova.context"]
    if (server := find(context, server_id)) is None:
        return
    wanted = place.read_wish({**server.metadata, **change} if keeps else change)
    # A wish that no longer holds must not stand in the way of other metadata.
    if wanted is not None and wanted != _present(server.metadata):
        place.authorize(context, server.project_id)
        place.check(context, wanted, 0, Destination())


def _present(metadata: dict[str, str]) -> Wish | None:
    try:
        return wish.read(metadata)
    except errors.WishInvalid:
        return None
