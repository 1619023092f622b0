"""Neutron has each MAC address once on a network, and the wire needs it so."""

from collections import defaultdict
from collections.abc import Iterator

from polyvisor.adoption.checks import Check, Context, Found, Subject
from polyvisor.adoption.message import say


def _find(context: Context) -> Iterator[Found]:
    users: dict[str, list[tuple[Subject, int]]] = defaultdict(list)
    for subject in context.subjects:
        for port in filter(lambda port: port.mac, subject.server.ports):
            users[port.mac].append((subject, port.nic))
    taken = {port.mac: port.id for port in context.cloud.ports}
    for mac, nics in users.items():
        for subject, nic in nics:
            if mac in taken:
                yield Found(subject.server.id, say("mac_of_port", port=taken[mac], mac=mac), f"nic {nic}")
            if len(nics) > 1:
                others = ", ".join(
                    f"{other.place} (nic {key})" for other, key in nics if (other, key) != (subject, nic)
                )
                yield Found(subject.server.id, say("mac_of_others", mac=mac, others=others), f"nic {nic}")


CHECK = Check(
    severity="blocks",
    title="duplicate MAC address",
    way_out="Give one of the NICs another MAC address in vCenter (the VM must be off), or leave one of "
    "the VMs out; if "
    "the port in Neutron is a leftover, delete it.",
    find=_find,
)
