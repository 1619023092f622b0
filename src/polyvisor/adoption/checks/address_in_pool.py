"""Neutron gives away the addresses of its allocation pools: until a VM is adopted, hers is among them."""

from collections import defaultdict
from collections.abc import Iterator

from polyvisor.adoption.checks import Check, Context, Found
from polyvisor.adoption.cloud import CloudSubnet
from polyvisor.adoption.message import say


def _find(context: Context) -> Iterator[Found]:
    subnets: dict[str, list[CloudSubnet]] = defaultdict(list)
    for name, network in context.networks.items():
        subnets[name] = [item for item in context.cloud.subnets if item.network == network.id]
    for subject in context.subjects:
        for port in subject.server.made_ports:
            for subnet in subnets[port.network or ""]:
                pooled = [address for address in port.addresses or () if subnet.pooled(address)]
                if pooled:
                    says = say("addresses_pooled", addresses=", ".join(pooled), subnet=subnet.cidr)
                    yield Found(subject.server.id, says, f"nic {port.nic}")


CHECK = Check(
    severity="note",
    title="address in an allocation pool of Neutron",
    way_out="Adopt the VM soon, or take the addresses that vCenter's VMs use out of the subnet's pools: "
    "until then Neutron may give them to other servers.",
    find=_find,
)
