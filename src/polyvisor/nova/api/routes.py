"""The map of the API, on one screen: path, method, and the function that serves it.

Paths are below /v2.1, with or without the project id. Each function asks `context.can` for the policy of the
same noun before it does anything else.
"""

from polyvisor.nova.api.additions import instance_action
from polyvisor.nova.api.additions import server as server_additions
from polyvisor.nova.api.checks import action, attachment, creation, deletion, metadata
from polyvisor.nova.api.checks import snapshot as snapshot_checks
from polyvisor.nova.api.handlers import (
    adoption,
    clone,
    datastore,
    host,
    placement,
    release,
    relocation,
    snapshot,
)

ROUTES = (
    ("/os-server-adopt", {"POST": (adoption, "create")}),
    ("/os-vmware-hosts", {"GET": (host, "index")}),
    ("/os-vmware-datastores", {"GET": (datastore, "index")}),
    ("/servers/{server_id}/os-vmware-placement", {"GET": (placement, "show")}),
    ("/servers/{server_id}/os-vmware-snapshot", {"GET": (snapshot, "index"), "POST": (snapshot, "create")}),
    (
        "/servers/{server_id}/os-vmware-snapshot/{snapshot_id}",
        {"GET": (snapshot, "show"), "DELETE": (snapshot, "delete")},
    ),
    ("/servers/{server_id}/os-vmware-snapshot/{snapshot_id}/action", {"POST": (snapshot, "revert")}),
)
"""Served here."""

ACTION_PATH = "/servers/{server_id}/action"
ACTIONS = {
    "os-livemigrate-vmware": (relocation, "relocate"),
    "os-livemigrate-vmware-abort": (relocation, "abort"),
    "os-server-clone": (clone, "create"),
    "os-server-release": (release, "create"),
    "os-vmware-consolidate": (snapshot, "consolidate"),
}
"""Served here: by the one key in the body of POST to that path. All others are Nova's."""

CHECKS = (
    ("/servers", {"POST": (creation, "create")}),
    ("/servers/{server_id}", {"DELETE": (deletion, "delete")}),
    ("/servers/{server_id}/metadata", {"POST": (metadata, "create"), "PUT": (metadata, "update_all")}),
    ("/servers/{server_id}/metadata/{key}", {"PUT": (metadata, "update")}),
    (ACTION_PATH, {"POST": (action, "action")}),
    ("/servers/{server_id}/os-volume_attachments", {"POST": (attachment, "create")}),
    (
        "/servers/{server_id}/os-volume_attachments/{volume_id}",
        {"DELETE": (snapshot_checks, "detach")},
    ),
    # Nova's second name for the same functions.
    ("/os-volumes_boot", {"POST": (creation, "create")}),
    ("/os-volumes_boot/{server_id}/action", {"POST": (action, "action")}),
)
"""Served by Nova, if the check lets them through."""

ADDITIONS = (
    ("/servers/detail", {"GET": (server_additions, "index")}),
    ("/servers/{server_id}", {"GET": (server_additions, "show")}),
    ("/servers/{server_id}/os-instance-actions", {"GET": (instance_action, "index")}),
    ("/servers/{server_id}/os-instance-actions/{id}", {"GET": (instance_action, "show")}),
)
"""Served by Nova; the function adds to the body of the answer."""
