"""Neutron takes an address only if a subnet of the network has it."""

from collections.abc import Iterator
from ipaddress import ip_address, ip_network

from polyvisor.adoption.checks import Check, Context, Found
from polyvisor.adoption.message import say


def _find(context: Context) -> Iterator[Found]:
    subnets = {
        name: [ip_network(subnet.cidr) for subnet in network.subnets]
        for name, network in context.networks.items()
    }
    for subject in context.subjects:
        for port in subject.server.made_ports:
            known = subnets.get(port.network or "", ())
            for address in port.addresses or ():
                if not any(ip_address(address) in cidr for cidr in known):
                    says = say("address_outside", network=port.network, address=address)
                    yield Found(subject.server.id, says, f"nic {port.nic}")


CHECK = Check(
    severity="blocks",
    title="address outside every known subnet",
    way_out='Name the subnet under "subnets" in the rules or in the network of the plan, or correct the '
    'address; "addresses: []" makes a port without one.',
    find=_find,
)
