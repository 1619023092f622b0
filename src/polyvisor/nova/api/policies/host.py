"""Policies of the ESXi host query."""

from oslo_policy import policy

from polyvisor.nova.api.policies import base

LIST = "os_compute_api:os-vmware-hosts:list"


def list_rules() -> list[policy.DocumentedRuleDefault]:
    """Return the rules with their defaults."""
    return [
        policy.DocumentedRuleDefault(
            name=LIST,
            check_str=base.ADMIN_OR_SYSTEM_READER,
            description="List the ESXi hosts of all VMware clusters.",
            operations=[{"path": "/os-vmware-hosts", "method": "GET"}],
            scope_types=["system", "project"],
        ),
    ]
