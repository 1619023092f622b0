"""Switches and port groups as vCenter shows them, in the form that binding and reconciling share."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from polyvisor.neutron.db.port_group import Site
from polyvisor.vsphere.switch import Switch


@dataclass(frozen=True, slots=True)
class Spot:
    """A switch on which a compute service's port groups are made.

    Attributes:
        ref: moref of what makes port groups there: the distributed switch, or the host's network system.
        mtu: bytes; None where vCenter does not say.
        switch: as vCenter shows a distributed one.
        ready: a VM may be placed on it now, so its port group must be there before a port is bound.
        obstacle: why nothing can be made there now; None if nothing stands in the way.
    """

    site: Site
    ref: str
    mtu: int | None
    switch: Switch | None = None
    ready: bool = True
    obstacle: str | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """A port group.

    Attributes:
        switch: name of its switch.
        vlan_id: 0 for untagged; None for what is no single VLAN.
        ref: moref of what removes it: itself, or the host's network system.
        key: of a distributed port group.
        network_id: that its mark names, if it has a mark of this deployment.
        secure: its policy is the one that we make.
    """

    scope: str
    switch: str
    name: str
    vlan_id: int | None
    ref: str
    key: str | None = None
    network_id: str | None = None
    secure: bool = True


@dataclass(frozen=True, slots=True)
class Inventory:
    """What one read of a vCenter showed.

    Attributes:
        spots: by (compute host, name of the switch).
        groups: by (scope, name); all that the account may see, whoever made them.
    """

    spots: Mapping[tuple[str, str], Collection[Spot]]
    groups: Mapping[tuple[str, str], Group]

    @classmethod
    def of(cls, spots: Mapping[tuple[str, str], Collection[Spot]], groups: Iterable[Group]) -> "Inventory":
        """Index the groups."""
        return cls(spots, {(group.scope, group.name): group for group in groups})

    def find(self, site: Site, name: str) -> Group | None:
        """The group of that name, on whichever switch of the site's scope."""
        return self.groups.get((site.scope, name))
