"""Without its physical network, a VLAN of a switch may be anybody's network."""

from collections.abc import Iterator

from polyvisor.adoption.checks import Check, Context, Found
from polyvisor.adoption.message import say


def _find(context: Context) -> Iterator[Found]:
    for subject in context.subjects:
        for nic in subject.vm.nics:
            segment = subject.discovery.segment(subject.vm, nic)
            if segment is None or segment.tagging not in {"vlan", "untagged"}:
                continue
            if context.topology.wire(subject.discovery, segment) is None:
                says = say("switch_unmapped", nic=nic.label, switch=segment.switch)
                yield Found(subject.server.id, says, f"nic {nic.key}")


CHECK = Check(
    severity="decision",
    title="switch without a physical network",
    way_out='Name the switch and its physical network under "switches" in the rules, as in Neutron\'s '
    "physnet_mappings; or accept it, and the NIC stays with vCenter alone.",
    find=_find,
)
