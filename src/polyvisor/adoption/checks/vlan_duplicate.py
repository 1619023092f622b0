"""One VLAN behind several port groups or switches: one network on the wire, or several with one number?"""

from collections import defaultdict
from collections.abc import Iterator

from polyvisor.adoption.checks import Check, Context, Found
from polyvisor.adoption.message import say


def _find(context: Context) -> Iterator[Found]:
    physical: dict[int, set[str]] = defaultdict(set)
    for network in context.networks.values():
        if network.vlan is not None:
            physical[network.vlan].add(network.physical_network)
    for name, network in context.networks.items():
        others = physical[network.vlan] - {network.physical_network} if network.vlan else set()
        if others:
            there = ", ".join(sorted(others))
            yield Found(name, say("vlan_elsewhere", vlan=network.vlan, others=there))
        if len(network.port_groups) > 1:
            groups = ", ".join(network.port_groups)
            yield Found(name, say("vlan_several_groups", groups=groups))


CHECK = Check(
    severity="decision",
    title="the same VLAN behind different port groups, switches or physical networks",
    way_out="Accept it if that is how the wires are; else correct the physical networks of the "
    "switches in the rules.",
    find=_find,
)
