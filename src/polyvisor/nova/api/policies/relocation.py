"""Policies of moving servers between ESXi hosts and datastores."""

from nova.policies import base as nova_base
from oslo_policy import policy

RELOCATE = "os_compute_api:os-livemigrate-vmware"
ABORT = "os_compute_api:os-livemigrate-vmware:abort"

_PATH = "/servers/{server_id}/action"


def list_rules() -> list[policy.DocumentedRuleDefault]:
    """Return the rules with their defaults: those of Nova's own live migration."""
    return [
        policy.DocumentedRuleDefault(
            name=RELOCATE,
            check_str=nova_base.ADMIN,
            description="Move a server to another ESXi host or datastore, or check whether that can be.",
            operations=[{"path": f"{_PATH} (os-livemigrate-vmware)", "method": "POST"}],
            scope_types=["project"],
        ),
        policy.DocumentedRuleDefault(
            name=ABORT,
            check_str=nova_base.ADMIN,
            description="Abort such a move.",
            operations=[{"path": f"{_PATH} (os-livemigrate-vmware-abort)", "method": "POST"}],
            scope_types=["project"],
        ),
    ]
