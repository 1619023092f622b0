"""Policies of adopting VMs as servers, and of releasing them."""

from nova.policies import base as nova_base
from oslo_policy import policy

CREATE = "os_compute_api:os-server-adopt:create"
RELEASE = "os_compute_api:os-server-release"


def list_rules() -> list[policy.DocumentedRuleDefault]:
    """Return the rules with their defaults."""
    return [
        policy.DocumentedRuleDefault(
            name=CREATE,
            check_str=nova_base.ADMIN,
            description="Make a server of a VM that is in vCenter, in any project. The request also needs a "
            "ticket that somebody with control of the VM in vCenter has issued.",
            operations=[{"path": "/os-server-adopt", "method": "POST"}],
            scope_types=["project"],
        ),
        policy.DocumentedRuleDefault(
            name=RELEASE,
            check_str=nova_base.ADMIN,
            description="Release an adopted server: Nova forgets it, and its VM stays as it was found.",
            operations=[{"path": "/servers/{server_id}/action (os-server-release)", "method": "POST"}],
            scope_types=["project"],
        ),
    ]
