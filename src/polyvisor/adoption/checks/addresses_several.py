"""Each address of a NIC becomes a fixed IP of its port."""

from collections.abc import Iterator
from ipaddress import ip_address

from polyvisor.adoption.checks import Check, Context, Found
from polyvisor.adoption.message import say


def _find(context: Context) -> Iterator[Found]:
    for subject in context.subjects:
        for port in subject.server.ports:
            old = [address for address in port.addresses or () if ip_address(address).version == 4]
            if len(old) > 1:
                says = say("addresses_several", mac=port.mac, count=len(old), addresses=", ".join(old))
                yield Found(subject.server.id, says, f"nic {port.nic}")


CHECK = Check(
    severity="decision",
    title="several addresses on a NIC",
    way_out="Accept it, and each becomes a fixed IP of the port; take out of the plan those that are "
    "not the VM's own, as "
    "addresses that move within a cluster or those of containers.",
    find=_find,
)
