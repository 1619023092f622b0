"""Standard switches: a port group of a network on each ESXi host of the cluster.

Which host gets the VM is not known when its port is bound, so all hosts that may get it need the port group.
"""

from collections.abc import Collection
from typing import Any, ClassVar

from polyvisor.neutron import conf
from polyvisor.neutron.db.port_group import Site, Wanted
from polyvisor.neutron.inventory import Group, Inventory, Spot
from polyvisor.neutron.switch_type import SwitchType
from polyvisor.vsphere.network import list_used_networks
from polyvisor.vsphere.session import Session
from polyvisor.vsphere.standard_port_group import (
    HostNetwork,
    add_standard_port_group,
    list_host_networks,
    remove_standard_port_group,
    update_standard_port_group,
)
from polyvisor.vsphere.switch import find_cluster, find_datacenter


class StandardSwitches(SwitchType):
    """The scope of a name is the host, by its name: a host that is added again is the same."""

    name: ClassVar[str] = "vss"
    marks: ClassVar[bool] = False

    def group_name(self, network_id: str, site: Site) -> str:  # noqa: ARG002 - the same on all hosts
        """Stock Nova writes the network's UUID into the backing of the NIC; there is no choice."""
        return network_id

    def read(self, session: Session, computes: Collection[conf.Compute]) -> Inventory:
        """See `SwitchType.read`."""
        spots: dict[tuple[str, str], list[Spot]] = {}
        groups: list[Group] = []
        for datacenter in sorted({compute.datacenter for compute in computes}):
            home = find_datacenter(session, datacenter)
            hosts = list_host_networks(session, home)
            for compute in (compute for compute in computes if compute.datacenter == datacenter):
                cluster = find_cluster(session, home, compute.cluster)
                members = [host for host in hosts if host.cluster == cluster]
                groups += [group for host in members for group in _groups(host)]
                for switch in compute.physnet_mappings.values():
                    spots[compute.host, switch] = [self._spot(compute, host, switch) for host in members]
        return Inventory.of(spots, groups)

    def check(self, session: Session, compute: conf.Compute, spot: Spot) -> None:
        """Nothing more: `read` has looked at each host."""

    def create(self, session: Session, spot: Spot, wanted: Wanted) -> Group:
        """See `SwitchType.create`."""
        site = wanted.site
        add_standard_port_group(
            session, spot.ref, name=wanted.name, switch=site.switch, vlan_id=wanted.vlan_id
        )
        return Group(site.scope, site.switch, wanted.name, wanted.vlan_id, spot.ref)

    def repair(self, session: Session, spot: Spot, group: Group, wanted: Wanted) -> None:
        """Send the full configuration."""
        update_standard_port_group(
            session, spot.ref, name=group.name, switch=wanted.site.switch, vlan_id=wanted.vlan_id
        )

    def remove(self, session: Session, group: Group) -> None:
        """See `SwitchType.remove`."""
        remove_standard_port_group(session, group.ref, group.name)

    def used(self, session: Session, groups: Collection[Group]) -> list[Group]:
        """By name, on whatever host: a VM moves with its port group's name."""
        datacenters = {compute.datacenter for compute in self.of_type().values()}
        names: set[str] = set()
        for datacenter in datacenters:
            names |= set(list_used_networks(session, find_datacenter(session, datacenter)).values())
        return [group for group in groups if group.name in names]

    def vif_details(self, spot: Spot, group: Group) -> dict[str, Any]:  # noqa: ARG002 - the same on all hosts
        """Nova finds the port group by its name; ours does not take a distributed one instead."""
        return {"dvs_port_group_name": group.name, "switch_type": self.name}

    def shares(self, one: conf.Compute, other: conf.Compute, physnet: str) -> bool:  # noqa: ARG002 - see below
        """Never: each cluster has hosts of its own."""
        return one.host == other.host

    def _spot(self, compute: conf.Compute, host: HostNetwork, switch: str) -> Spot:
        obstacle = None
        if not host.connected:
            obstacle = f"host '{host.name}' is not connected"
        elif host.network_system is None or switch not in host.switches:
            obstacle = f"host '{host.name}' has no standard switch '{switch}'"
        return Spot(
            site=self.site(compute, host.name, switch),
            ref=host.network_system or "",
            mtu=host.switches.get(switch),
            ready=host.connected and not host.maintenance,
            obstacle=obstacle,
        )


def _groups(host: HostNetwork) -> list[Group]:
    """None of a host that is away: what vCenter remembers of it may be old."""
    if not host.connected or host.network_system is None:
        return []
    return [
        Group(host.name, group.switch, group.name, group.vlan_id, host.network_system, secure=group.secure)
        for group in host.port_groups.values()
    ]
