"""What an operation is about: a thing of the inventory, or the place of a new one."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Subject:
    """A thing, where it is in the tree of scopes, and by whose account it is acted on.

    ``external_id`` is the cloud's own id, ``project_id`` the platform's id of the project; without one, the
    account acts that the cloud was registered with.
    """

    name: str
    id: str | None = None
    kind: str = "server"
    external_id: str | None = None
    cloud_id: str | None = None
    project_id: str | None = None
    tenant_id: str | None = None
    cloud_node: str = ""
    tenant_node: str = ""

    @property
    def nodes(self) -> tuple[str, ...]:
        """Where it is in the tree of scopes."""
        return tuple(node for node in (self.tenant_node, self.cloud_node) if node)
