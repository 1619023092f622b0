"""What the drivers need of a type of switch."""

import abc
from collections.abc import Collection, Iterable, Mapping
from typing import Any, ClassVar

from polyvisor.neutron import conf
from polyvisor.neutron.db.mapping import Mapped
from polyvisor.neutron.db.port_group import Site, Wanted
from polyvisor.neutron.inventory import Group, Inventory, Spot
from polyvisor.vsphere.session import Session


class SwitchType(abc.ABC):
    """Reads and changes the port groups of one type of switch. Knows no database and keeps no state."""

    name: ClassVar[str]
    """As in the option `switch_type` and in the tables."""
    marks: ClassVar[bool]
    """A port group can carry the mark of its owner."""

    def __init__(self, settings: conf.Settings) -> None:
        self.settings = settings

    @abc.abstractmethod
    def group_name(self, network_id: str, site: Site) -> str:
        """The name of a port group that is ours; has the UUID in it, and nothing that a tenant chose."""

    @abc.abstractmethod
    def read(self, session: Session, computes: Collection[conf.Compute]) -> Inventory:
        """Read the switches of some compute services of one vCenter, in a few calls however much there is.

        Raises:
            NotFound: what the options name is not in vCenter.
            VSphereError: vCenter refused.
        """

    @abc.abstractmethod
    def check(self, session: Session, compute: conf.Compute, spot: Spot) -> None:
        """Refuse to bind where a VM of the cluster could not reach the port group on a switch just read.

        Raises:
            BindingError: and why.
            VSphereError: vCenter refused.
        """

    @abc.abstractmethod
    def create(self, session: Session, spot: Spot, wanted: Wanted) -> Group:
        """Make a port group.

        Raises:
            AlreadyExists: there is one of that name.
            VSphereError: what else vCenter refused.
        """

    @abc.abstractmethod
    def repair(self, session: Session, spot: Spot, group: Group, wanted: Wanted) -> None:
        """Make a port group of ours again what `create` made."""

    @abc.abstractmethod
    def remove(self, session: Session, group: Group) -> None:
        """Remove a port group; one that is gone already is no error.

        Raises:
            InUse: a NIC is on it.
            VSphereError: what else vCenter refused.
        """

    @abc.abstractmethod
    def used(self, session: Session, groups: Collection[Group]) -> list[Group]:
        """Those of the groups that a NIC of any VM is on, also of a VM that is off or unreachable.

        Raises:
            VSphereError: vCenter refused.
        """

    @abc.abstractmethod
    def vif_details(self, spot: Spot, group: Group) -> dict[str, Any]:
        """How Nova finds the port group."""

    def site(self, compute: conf.Compute, scope: str, switch: str) -> Site:
        """The key of a switch in our tables."""
        return Site(compute.vcenter, self.name, scope, switch)

    @abc.abstractmethod
    def shares(self, one: conf.Compute, other: conf.Compute, physnet: str) -> bool:
        """Whether both compute services reach the physical network by the same port groups."""

    def named(self, compute: conf.Compute, physnet: str, mapped: Iterable[Mapped]) -> str | None:
        """The port group that an administrator named for the network that `mapped` is all of, if one did."""
        computes = self.of_type()
        return next(
            (
                item.port_group
                for item in mapped
                if (other := computes.get(item.compute_host)) and self.shares(compute, other, physnet)
            ),
            None,
        )

    def of_type(self) -> Mapping[str, conf.Compute]:
        """The compute services whose switches are of this type."""
        return {
            host: compute
            for host, compute in self.settings.computes.items()
            if compute.switch_type == self.name
        }
