"""IPv6 addresses need an IPv6 subnet; temporary ones change by themselves."""

from collections.abc import Iterator
from ipaddress import ip_address

from polyvisor.adoption.checks import Check, Context, Found
from polyvisor.adoption.message import say


def _find(context: Context) -> Iterator[Found]:
    for subject in context.subjects:
        for port in subject.server.ports:
            new = [address for address in port.addresses or () if ip_address(address).version == 6]
            if new:
                says = say("addresses_ipv6", mac=port.mac, addresses=", ".join(new))
                yield Found(subject.server.id, says, f"nic {port.nic}")


CHECK = Check(
    severity="note",
    title="IPv6 addresses",
    way_out="Name the IPv6 subnet in the rules, and take temporary addresses (RFC 8981) out of the "
    "plan: they change.",
    find=_find,
)
