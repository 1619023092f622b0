"""Who may see and name port groups: administrators, as both show how the data centre is built."""

from neutron_lib.policy import rules
from oslo_policy import policy


def _rule(name: str, description: str, *operations: tuple[str, str]) -> policy.DocumentedRuleDefault:
    return policy.DocumentedRuleDefault(
        name=name,
        check_str=rules.ADMIN,
        description=description,
        operations=[{"method": method, "path": path} for method, path in operations],
        scope_types=["project"],
    )


_GROUPS, _MAPPINGS = "/vmware-port-groups", "/vmware-port-group-mappings"
_PHYSNETS = "/vmware-physnet-mappings"


def list_rules() -> list[policy.DocumentedRuleDefault]:
    """Return the rules with their defaults."""
    return [
        _rule(
            "get_vmware_port_group",
            "List and show the port groups of networks.",
            ("GET", _GROUPS),
            ("GET", f"{_GROUPS}/{{id}}"),
        ),
        _rule(
            "get_vmware_port_group_mapping",
            "List and show which port groups are named for networks.",
            ("GET", _MAPPINGS),
            ("GET", f"{_MAPPINGS}/{{id}}"),
        ),
        _rule(
            "get_vmware_physnet_mapping",
            "List and show by which switch each compute service reaches each physical network.",
            ("GET", _PHYSNETS),
            ("GET", f"{_PHYSNETS}/{{id}}"),
        ),
        _rule("create_vmware_port_group_mapping", "Name a port group for a network.", ("POST", _MAPPINGS)),
        _rule(
            "delete_vmware_port_group_mapping",
            "No longer name a port group for a network.",
            ("DELETE", f"{_MAPPINGS}/{{id}}"),
        ),
    ]
