"""A NIC stays where it is, and Neutron binds its port on the switch of its own configuration."""

from collections.abc import Iterator

from polyvisor.adoption.checks import Check, Context, Found
from polyvisor.adoption.cloud import Switch
from polyvisor.adoption.message import say


def _find(context: Context) -> Iterator[Found]:
    for subject in context.subjects:
        reached = context.cloud.switches.get(subject.server.compute or "")
        if reached is None:
            continue
        nics = {nic.key: nic for nic in subject.vm.nics}
        for port in subject.server.made_ports:
            network, nic = context.networks.get(port.network or ""), nics.get(port.nic)
            segment = subject.discovery.segment(subject.vm, nic) if nic else None
            if network is None or nic is None or segment is None:
                continue
            uses = reached.get(network.physical_network)
            if uses != Switch(segment.switch, segment.type):
                where = {"nic": nic.label, "type": segment.type, "switch": segment.switch}
                where |= {
                    "physical_network": network.physical_network,
                    "compute": str(subject.server.compute),
                }
                says = say("switch_unused", **where)
                if uses:
                    says = say("switch_other", **where, used_type=uses.type, used=uses.name)
                yield Found(subject.server.id, says, f"nic {nic.key}")


CHECK = Check(
    severity="blocks",
    title="switch that Neutron does not use there",
    way_out="Move the NIC in vCenter to a port group of that VLAN on the switch that Neutron uses; or have "
    "Neutron use this one (physnet_mappings and switch_type of the compute service, whose switches are all "
    'of one type). Or leave the NIC to vCenter alone: "leave: true" for its port in the plan; or for all '
    'NICs of the switch, no rule for it under "switches", and switch-unmapped accepted.',
    find=_find,
)
