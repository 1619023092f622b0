"""The networks and subnets that the NICs of a plan's servers need: those that are there, and those to be
made."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from ipaddress import IPv4Network, IPv6Network, ip_network

from polyvisor.adoption.cloud import Cloud
from polyvisor.adoption.plan import Network, Server, Subnet
from polyvisor.adoption.rules import RuleBook
from polyvisor.adoption.text import printable
from polyvisor.adoption.topology import Topology, Wire

AnyNetwork = IPv4Network | IPv6Network


def plan_networks(
    topology: Topology, cloud: Cloud, rules: RuleBook, servers: Sequence[Server]
) -> dict[str, Network]:
    """Make the networks that servers refer to, by name, in order."""
    projects: dict[str, set[str]] = defaultdict(set)
    used: set[str] = set()
    for server in servers:
        for port in server.ports:
            if port.network:
                used.add(port.network)
                projects[port.network].update([server.project] if server.project else ())
    return {
        name: _network(topology, cloud, rules, wire, sorted(projects[name]))
        for wire, name in topology.names.items()
        if name in used
    }


def _network(
    topology: Topology, cloud: Cloud, rules: RuleBook, wire: Wire, projects: Sequence[str]
) -> Network:
    rule = rules.network(wire.physical_network, wire.vlan)
    there = topology.present.get(wire)
    owner = rule.project or (projects[0] if len(projects) == 1 else None)
    if there:
        owner = printable(cloud.projects.get(there.project, there.project), 255) or None
    shared = (
        rule.shared_with if rule.shared_with is not None else [item for item in projects if item != owner]
    )
    groups = {f"{segment.switch}/{segment.name}" for _, segment in topology.segments[wire]}
    return Network(
        network=topology.names[wire],
        id=there.id if there else None,
        physical_network=wire.physical_network,
        vlan=wire.vlan,
        project=owner,
        shared_with=() if there and there.shared else tuple(shared),
        subnets=tuple(_subnets(topology, cloud, rules, wire)),
        decisions=rule.accept,
        port_groups=tuple(printable(group, 255) for group in sorted(groups)),
    )


def _subnets(topology: Topology, cloud: Cloud, rules: RuleBook, wire: Wire) -> Iterator[Subnet]:
    """Those of Neutron, then those of the rules, then those that VMware Tools show; none overlaps another."""
    known: list[AnyNetwork] = []
    there = topology.present.get(wire)
    for item in cloud.subnets:
        if there and item.network == there.id:
            known.append(ip_network(item.cidr))
            yield Subnet(cidr=item.cidr, id=item.id, gateway=item.gateway, because="Neutron has it")
    for rule in rules.subnets(wire.physical_network, wire.vlan):
        if not _overlaps(ip_network(rule.cidr), known):
            known.append(ip_network(rule.cidr))
            yield Subnet(cidr=rule.cidr, gateway=rule.gateway, because="rule")
    for cidr, count in topology.reported.get(wire, Counter()).most_common():
        # The one that most guests believe in wins: a wrong mask on one guest is not a second subnet.
        if not _overlaps(cidr, known):
            known.append(cidr)
            yield Subnet(cidr=str(cidr), because=f"VMware Tools of {count} NIC(s)")


def _overlaps(cidr: AnyNetwork, others: Sequence[AnyNetwork]) -> bool:
    return any(cidr.version == other.version and cidr.overlaps(other) for other in others)
