"""Neutron has each address once on a network."""

from collections import defaultdict
from collections.abc import Iterator

from polyvisor.adoption.checks import Check, Context, Found, Subject
from polyvisor.adoption.message import say


def _find(context: Context) -> Iterator[Found]:
    users: dict[tuple[str, str], list[tuple[Subject, int]]] = defaultdict(list)
    for subject in context.subjects:
        for port in subject.server.made_ports:
            for address in port.addresses or ():
                users[port.network or "", address].append((subject, port.nic))
    names = {network.id: name for name, network in context.networks.items() if network.id}
    taken = {
        (names[port.network], address): port.id
        for port in context.cloud.ports
        if port.network in names
        for address in port.addresses
    }
    for place, nics in users.items():
        network, address = place
        for subject, nic in nics:
            if place in taken:
                says = say("address_of_port", port=taken[place], address=address, network=network)
                yield Found(subject.server.id, says, f"nic {nic}")
            others = [other.place for other, key in nics if (other, key) != (subject, nic)]
            if others:
                says = say("address_of_others", address=address, network=network, others=", ".join(others))
                yield Found(subject.server.id, says, f"nic {nic}")


CHECK = Check(
    severity="blocks",
    title="duplicate address",
    way_out="Correct the addresses in the plan or in the addresses file: for example take an address "
    "that moves within a "
    "cluster from all but one; if the port in Neutron is a leftover, delete it.",
    find=_find,
)
