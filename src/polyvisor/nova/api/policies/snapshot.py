"""Policies of the snapshots of servers."""

from nova.policies import base as nova_base
from oslo_policy import policy

LIST = "os_compute_api:os-vmware-snapshot:list"
SHOW = "os_compute_api:os-vmware-snapshot:show"
CREATE = "os_compute_api:os-vmware-snapshot:create"
DELETE = "os_compute_api:os-vmware-snapshot:delete"
REVERT = "os_compute_api:os-vmware-snapshot:revert"
REVERT_FORCE = "os_compute_api:os-vmware-snapshot:revert:force"
CONSOLIDATE = "os_compute_api:os-vmware-consolidate"

_ALL = "/servers/{server_id}/os-vmware-snapshot"
_ONE = "/servers/{server_id}/os-vmware-snapshot/{snapshot_id}"


def _rule(name: str, check: str, description: str, method: str, path: str) -> policy.DocumentedRuleDefault:
    return policy.DocumentedRuleDefault(
        name=name,
        check_str=check,
        description=description,
        operations=[{"path": path, "method": method}],
        scope_types=["project"],
    )


def list_rules() -> list[policy.DocumentedRuleDefault]:
    """Return the rules with their defaults."""
    reader, member = nova_base.PROJECT_READER_OR_ADMIN, nova_base.PROJECT_MEMBER_OR_ADMIN
    return [
        _rule(LIST, reader, "List the snapshots of a server.", "GET", _ALL),
        _rule(SHOW, reader, "Show a snapshot of a server.", "GET", _ONE),
        _rule(CREATE, member, "Take a snapshot of a server.", "POST", _ALL),
        _rule(DELETE, member, "Delete a snapshot of a server.", "DELETE", _ONE),
        _rule(REVERT, member, "Revert a server to a snapshot.", "POST", f"{_ONE}/action (revert)"),
        _rule(
            REVERT_FORCE,
            nova_base.ADMIN,
            "Revert a server to a snapshot although it then is not what Nova, Neutron and Cinder know: "
            "volumes and ports that were attached since are no longer part of it.",
            "POST",
            f"{_ONE}/action (revert)",
        ),
        _rule(
            CONSOLIDATE,
            member,
            "Merge what removed snapshots have left in the disks of a server.",
            "POST",
            "/servers/{server_id}/action (os-vmware-consolidate)",
        ),
    ]
