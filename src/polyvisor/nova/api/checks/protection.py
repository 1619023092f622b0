"""What would delete or replace the VM of an adopted server: not without the explicit leave of its owner.

nova-compute asks again before it changes anything, so this is for a good answer, not for safety.
"""

from typing import Any

import webob.exc
from nova import exception
from nova.api.openstack import wsgi
from nova.compute import flavors, vm_states
from nova.context import RequestContext
from nova.objects.instance import Instance

from polyvisor.nova import adoption
from polyvisor.nova.api.checks.server import find

_DELETING = frozenset({"forceDelete"})
_UNBUILT = frozenset({vm_states.BUILDING, vm_states.ERROR})
_REPLACING = {
    "rebuild": "Rebuilding would replace its disk. Make another server instead.",
    "shelve": "Shelving would delete its VM. Stop it instead.",
    "shelveOffload": "Shelving would delete its VM. Stop it instead.",
    "evacuate": "It runs where its VM is. vSphere HA restarts it when a host fails.",
    "rescue": "Rescue would add a disk to its VM. Attach its disks to another server instead.",
}


def delete(req: wsgi.Request, server_id: str) -> None:
    """DELETE /servers/{server_id}.

    :raises webob.exc.HTTPConflict: the server was adopted, and is protected.
    """
    server = _adopted(req.environ["nova.context"], server_id)
    if server is not None:
        _require_unlocked(server)


def action(req: wsgi.Request, server_id: str, body: Any) -> None:
    """Refuse the same to the actions that delete or replace the VM, or its disks.

    :raises webob.exc.HTTPConflict: the server was adopted, and the action is not for such.
    """
    name = next(iter(body), None) if isinstance(body, dict) else None
    if name not in {*_DELETING, *_REPLACING, "resize"}:
        return
    context = req.environ["nova.context"]
    server = _adopted(context, server_id)
    if server is None:
        return
    if name in _DELETING:
        _require_unlocked(server)
    reason = _REPLACING.get(name) or (name == "resize" and _resize(context, server, body[name]))
    if reason:
        raise webob.exc.HTTPConflict(explanation=f"Server {server.uuid} was adopted. {reason}")


def _adopted(context: RequestContext, server_id: str) -> Instance | None:
    server = find(context, server_id, "metadata", "system_metadata", "flavor")
    return server if server and adoption.is_adopted(server) else None


def _require_unlocked(server: Instance) -> None:
    # Such a server has no VM yet, or gives it back: see `Protection.lets_destroy`.
    unbuilt = server.vm_state in _UNBUILT and not adoption.was_built(server)
    if not unbuilt and not adoption.is_unlocked(server):
        raise webob.exc.HTTPConflict(
            explanation=f"Server {server.uuid} was adopted: its VM was there before, and is protected. "
            f"{adoption.WAY_OUT}"
        )


def _resize(context: RequestContext, server: Instance, resize: Any) -> str | None:
    try:
        flavor = flavors.get_flavor_by_flavor_id(context, str(resize["flavorRef"]), read_deleted="no")
    except (exception.FlavorNotFound, KeyError, TypeError):
        return None
    reason = adoption.against_resize(server.flavor, flavor)
    return f"It cannot be resized so: {reason}." if reason else None
