"""VLAN 0 means whatever the physical switch makes of untagged frames."""

from collections.abc import Iterator

from polyvisor.adoption.checks import Check, Context, Found
from polyvisor.adoption.message import say


def _find(context: Context) -> Iterator[Found]:
    for name, network in context.networks.items():
        if network.vlan is None:
            groups = ", ".join(network.port_groups)
            yield Found(name, say("vlan_untagged", groups=groups))


CHECK = Check(
    severity="decision",
    title="VLAN 0 / untagged",
    way_out="Accept it if all these port groups are one untagged network on the wire, and Neutron's "
    "flat_networks has "
    "the physical network; else give the switches different physical networks in the rules.",
    find=_find,
)
