"""A NIC on a trunk carries many networks; a Neutron port is on one."""

from polyvisor.adoption.checks import Check, each_segment
from polyvisor.adoption.message import say
from polyvisor.message import Message
from polyvisor.vsphere.network_adapter import NetworkAdapter
from polyvisor.vsphere.segment import Segment


def _says(segment: Segment | None, nic: NetworkAdapter) -> Message | None:
    if segment is None or segment.tagging != "trunk":
        return None
    return say("vlan_trunk", nic=nic.label, group=segment.name)


CHECK = Check(
    severity="decision",
    title="trunk or VLAN range port group",
    way_out="Accept it, and the NIC stays with vCenter alone, without a port and unknown to Neutron; "
    "or move the NIC to a port group with one VLAN.",
    find=each_segment(_says),
)
