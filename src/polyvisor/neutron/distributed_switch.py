"""vSphere Distributed Switches: one port group of a network for all clusters on the switch."""

import hashlib
import re
from collections.abc import Collection
from typing import Any, ClassVar

from polyvisor.neutron import conf
from polyvisor.neutron.binding import BindingError
from polyvisor.neutron.db.port_group import Site, Wanted
from polyvisor.neutron.inventory import Group, Inventory, Spot
from polyvisor.neutron.switch_type import SwitchType
from polyvisor.vsphere.network import list_used_networks
from polyvisor.vsphere.port_group import (
    PortGroup,
    create_port_group,
    list_port_groups,
    remove_port_group,
    update_port_group,
)
from polyvisor.vsphere.session import Session
from polyvisor.vsphere.switch import Switch, find_datacenter, find_switch, hosts_outside

_DESCRIPTION = "OpenStack network {} of Polyvisor deployment {}. Do not edit: this text marks the owner."


class DistributedSwitches(SwitchType):
    """The scope of a name is the datacenter, by its name."""

    name: ClassVar[str] = "dvs"
    marks: ClassVar[bool] = True

    def group_name(self, network_id: str, site: Site) -> str:
        """Made of the UUID, and of the switch where a network may be on several of one datacenter.

        Names are unique in a datacenter, and at most 80 characters long.
        """
        switches = {
            switch
            for compute in self.of_type().values()
            if (compute.vcenter, compute.datacenter) == (site.vcenter, site.scope)
            for switch in compute.physnet_mappings.values()
        }
        name = f"os-{network_id}"
        if len(switches) <= 1:
            return name
        return f"{name}-{hashlib.sha256(site.switch.encode()).hexdigest()[:8]}"

    def read(self, session: Session, computes: Collection[conf.Compute]) -> Inventory:
        """See `SwitchType.read`."""
        spots: dict[tuple[str, str], list[Spot]] = {}
        groups: list[Group] = []
        for datacenter in sorted({compute.datacenter for compute in computes}):
            at_home = [compute for compute in computes if compute.datacenter == datacenter]
            switches = {
                name: find_switch(session, datacenter, name)
                for name in sorted(
                    {name for compute in at_home for name in compute.physnet_mappings.values()}
                )
            }
            for compute in at_home:
                for name in compute.physnet_mappings.values():
                    spots[compute.host, name] = [self._spot(compute, switches[name])]
            groups += self._groups(session, datacenter, switches)
        return Inventory.of(spots, groups)

    def check(self, session: Session, compute: conf.Compute, spot: Spot) -> None:
        """Refuse while a host that may run VMs is not on the switch."""
        if spot.switch and (outside := hosts_outside(session, spot.switch, compute.cluster)):
            raise BindingError(
                f"not on switch '{spot.switch.name}': {', '.join(outside)} of cluster '{compute.cluster}'; "
                "add them to the switch, or put them in maintenance mode"
            )

    def create(self, session: Session, spot: Spot, wanted: Wanted) -> Group:
        """See `SwitchType.create`."""
        key, moref = create_port_group(
            session,
            spot.ref,
            name=wanted.name,
            vlan_id=wanted.vlan_id,
            description=self.mark(wanted.network_id),
            timeout=self.settings.bind_deadline,
        )
        return Group(
            wanted.site.scope, wanted.site.switch, wanted.name, wanted.vlan_id, moref, key, wanted.network_id
        )

    def repair(self, session: Session, spot: Spot, group: Group, wanted: Wanted) -> None:  # noqa: ARG002 - needs no switch
        """Send the full configuration."""
        update_port_group(
            session,
            group.ref,
            name=wanted.name,
            vlan_id=wanted.vlan_id,
            description=self.mark(wanted.network_id),
            timeout=self.settings.bind_deadline,
        )

    def remove(self, session: Session, group: Group) -> None:
        """See `SwitchType.remove`."""
        remove_port_group(session, group.ref, name=group.name, timeout=self.settings.bind_deadline)

    def used(self, session: Session, groups: Collection[Group]) -> list[Group]:
        """See `SwitchType.used`."""
        used: set[tuple[str, str]] = set()
        for datacenter in {group.scope for group in groups}:
            refs = list_used_networks(session, find_datacenter(session, datacenter))
            used |= {(datacenter, ref) for ref in refs}
        return [group for group in groups if (group.scope, group.ref) in used]

    def vif_details(self, spot: Spot, group: Group) -> dict[str, Any]:
        """Nova takes `dvs_id` and `pg_id` into the backing of the NIC as they are, and looks nothing up."""
        return {
            "dvs_id": spot.switch.uuid if spot.switch else None,
            "pg_id": group.key,
            "dvs_port_group_name": group.name,
            "switch_type": self.name,
        }

    def shares(self, one: conf.Compute, other: conf.Compute, physnet: str) -> bool:
        """Where both are on one switch."""
        return (one.vcenter, one.datacenter, one.physnet_mappings.get(physnet)) == (
            other.vcenter,
            other.datacenter,
            other.physnet_mappings.get(physnet),
        )

    def mark(self, network_id: str) -> str:
        """The description that says whose a port group is."""
        return _DESCRIPTION.format(network_id, self.settings.deployment_id)

    def marked_network(self, description: str) -> str | None:
        """The network that this deployment made a port group of that description for, if it did."""
        before, after = _DESCRIPTION.format("\0", self.settings.deployment_id).split("\0")
        match = re.fullmatch(f"{re.escape(before)}([0-9a-f-]+){re.escape(after)}", description)
        return match[1] if match else None

    def _spot(self, compute: conf.Compute, switch: Switch) -> Spot:
        site = self.site(compute, compute.datacenter, switch.name)
        return Spot(site, switch.moref, switch.mtu, switch)

    def _groups(self, session: Session, datacenter: str, switches: dict[str, Switch]) -> list[Group]:
        if not switches:
            return []
        names = {switch.moref: name for name, switch in switches.items()}
        home = next(iter(switches.values())).datacenter
        return [self._group(datacenter, names, group) for group in list_port_groups(session, home)]

    def _group(self, datacenter: str, switches: dict[str, str], group: PortGroup) -> Group:
        return Group(
            scope=datacenter,
            switch=switches.get(group.switch, f"another switch ({group.switch})"),
            name=group.name,
            vlan_id=group.vlan_id,
            ref=group.moref,
            key=group.key,
            network_id=self.marked_network(group.description),
            secure=group.secure,
        )
