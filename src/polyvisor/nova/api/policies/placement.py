"""Policies of asking for a place, and of seeing the place of a server."""

from nova.policies import base as nova_base
from oslo_policy import policy

from polyvisor.nova.api.policies import base

REQUEST = "os_compute_api:os-vmware-placement:request"
SHOW = "os_compute_api:os-vmware-placement:show"
SHOW_OPAQUE = "os_compute_api:os-vmware-placement:show:opaque"

_SHOW_OPERATIONS = [{"path": "/servers/{server_id}/os-vmware-placement", "method": "GET"}]


def list_rules() -> list[policy.DocumentedRuleDefault]:
    """Return the rules with their defaults."""
    return [
        policy.DocumentedRuleDefault(
            name=REQUEST,
            check_str=nova_base.PROJECT_MEMBER_OR_ADMIN,
            description="Name an ESXi host or a datastore for a server, by the server metadata "
            "``vmware:host`` and ``vmware:datastore``. Whoever may do this learns from the answers which "
            "names exist.",
            operations=[
                {"path": "/servers", "method": "POST"},
                {"path": "/servers/{server_id}/metadata", "method": "POST"},
                {"path": "/servers/{server_id}/metadata", "method": "PUT"},
                {"path": "/servers/{server_id}/metadata/{key}", "method": "PUT"},
                {"path": "/servers/{server_id}/action (rebuild)", "method": "POST"},
            ],
            scope_types=["project"],
        ),
        policy.DocumentedRuleDefault(
            name=SHOW,
            check_str=base.ADMIN_OR_SYSTEM_READER,
            description="Show the ESXi host, datastores, cluster, resource pool, folder and vCenter of a "
            f"server. Set to ``{nova_base.PROJECT_READER_OR_ADMIN}`` to let projects see those of their own "
            "servers.",
            operations=_SHOW_OPERATIONS,
            scope_types=["system", "project"],
        ),
        policy.DocumentedRuleDefault(
            name=SHOW_OPAQUE,
            check_str=nova_base.RULE_NOBODY,
            description="Show the place of a server as identifiers that are stable within the project and "
            "mean nothing outside it, as Nova's own ``hostId``: enough to see that two servers share a host "
            f"or a datastore. Asked only where ``{SHOW}`` says no. Set to "
            f"``{nova_base.PROJECT_READER_OR_ADMIN}`` for the projects' own servers.",
            operations=_SHOW_OPERATIONS,
            scope_types=["project"],
        ),
    ]
