"""Policies of cloning servers."""

from nova.policies import base as nova_base
from oslo_policy import policy

CREATE = "os_compute_api:os-server-clone:create"
CREATE_ELSEWHERE = "os_compute_api:os-server-clone:create:other_project"

_OPERATIONS = [{"path": "/servers/{server_id}/action (os-server-clone)", "method": "POST"}]


def list_rules() -> list[policy.DocumentedRuleDefault]:
    """Return the rules with their defaults."""
    return [
        policy.DocumentedRuleDefault(
            name=CREATE,
            check_str=nova_base.PROJECT_MEMBER_OR_ADMIN,
            description="Clone a server. The clone has the data of the server, and belongs to its project.",
            operations=_OPERATIONS,
            scope_types=["project"],
        ),
        policy.DocumentedRuleDefault(
            name=CREATE_ELSEWHERE,
            check_str=nova_base.ADMIN,
            description="Clone a server into another project than its own, which then has its data.",
            operations=_OPERATIONS,
            scope_types=["project"],
        ),
    ]
