"""Which Neutron network each port group of vCenter is."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from ipaddress import IPv4Network, IPv6Network

from polyvisor.adoption.addresses import interfaces
from polyvisor.adoption.cloud import Cloud, CloudNetwork
from polyvisor.adoption.discovery import Discovery
from polyvisor.adoption.rules import RuleBook
from polyvisor.adoption.text import printable
from polyvisor.vsphere.network_adapter import NetworkAdapter
from polyvisor.vsphere.segment import Segment
from polyvisor.vsphere.virtual_machine import VirtualMachine


@dataclass(frozen=True, slots=True)
class Wire:
    """A layer-2 network as Neutron knows it: a VLAN of a physical network; None: the untagged one."""

    physical_network: str
    vlan: int | None


class Topology:
    """Port groups of any number of vCenters, and the wires behind them."""

    def __init__(
        self,
        discoveries: Sequence[Discovery],
        cloud: Cloud,
        rules: RuleBook,
        named: Mapping[Wire, str] | None = None,
    ) -> None:
        """Take what is known.

        Args:
            named: names that people gave to networks, which win.
        """
        self.discoveries = discoveries
        self._named = named or {}
        self._cloud = cloud
        self._rules = rules
        self._known: dict[tuple[str, Segment], Wire | None] = {}

    def wire(self, discovery: Discovery, segment: Segment) -> Wire | None:
        """The wire of a port group; None if it is not exactly one, or no rule tells the switch's physical
        network."""
        key = discovery.vcenter.uuid, segment
        if key not in self._known:
            self._known[key] = self._wire(discovery, segment)
        return self._known[key]

    def _wire(self, discovery: Discovery, segment: Segment) -> Wire | None:
        if segment.tagging not in {"vlan", "untagged"}:
            return None
        physical = self._rules.physical_network(discovery, segment)
        return Wire(physical, segment.vlan) if physical else None

    def network_of(self, discovery: Discovery, vm: VirtualMachine, nic: NetworkAdapter) -> str | None:
        """Name, within the plan, of the network that a NIC belongs on; None if that is not known."""
        segment = discovery.segment(vm, nic)
        wire = self.wire(discovery, segment) if segment else None
        return self.names[wire] if wire else None

    @cached_property
    def segments(self) -> Mapping[Wire, Sequence[tuple[Discovery, Segment]]]:
        """The port groups of each wire."""
        found: dict[Wire, list[tuple[Discovery, Segment]]] = {}
        for discovery in self.discoveries:
            for segment in discovery.segments:
                if wire := self.wire(discovery, segment):
                    found.setdefault(wire, []).append((discovery, segment))
        return found

    @cached_property
    def present(self) -> Mapping[Wire, CloudNetwork]:
        """The networks that Neutron has already."""
        return {
            Wire(item.physical_network, item.vlan): item
            for item in self._cloud.networks
            if item.physical_network and item.type in {"vlan", "flat"}
        }

    @cached_property
    def names(self) -> Mapping[Wire, str]:
        """Names of the networks, unique within a plan."""
        wires = sorted(self.segments, key=lambda wire: (wire.physical_network, wire.vlan or 0))
        names: dict[str, Wire] = {}
        for wire in wires:
            name = next(name for name in self._candidates(wire) if name not in names)
            names[name] = wire
        return {wire: name for name, wire in names.items()}

    def _candidates(self, wire: Wire) -> Iterator[str]:
        there, rule = self.present.get(wire), self._rules.network(wire.physical_network, wire.vlan)
        standard = f"{wire.physical_network}-{f'vlan-{wire.vlan}' if wire.vlan else 'untagged'}"
        yield self._named.get(wire) or printable((there.name if there else rule.network) or standard, 255)
        # Neutron lets two networks have one name.
        yield f"{standard}-{there.id if there else 'made'}"

    @cached_property
    def reported(self) -> Mapping[Wire, Counter[IPv4Network | IPv6Network]]:
        """The subnets that guests believe to be on each wire, and how many NICs do."""
        found: dict[Wire, Counter[IPv4Network | IPv6Network]] = defaultdict(Counter)
        for discovery in self.discoveries:
            for vm in discovery.vms:
                for nic in vm.nics:
                    segment = discovery.segment(vm, nic)
                    wire = self.wire(discovery, segment) if segment and nic.addresses else None
                    if wire:
                        found[wire].update(_subnets(nic))
        return found


def _subnets(nic: NetworkAdapter) -> Iterator[IPv4Network | IPv6Network]:
    """Subnets of the addresses whose prefix is known, and leaves room for others."""
    for interface in interfaces(nic):
        if interface.network.prefixlen < interface.max_prefixlen - 1:
            yield interface.network
