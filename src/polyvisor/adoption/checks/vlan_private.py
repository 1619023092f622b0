"""Neutron has nothing like private VLANs."""

from polyvisor.adoption.checks import Check, each_segment
from polyvisor.adoption.message import say
from polyvisor.message import Message
from polyvisor.vsphere.network_adapter import NetworkAdapter
from polyvisor.vsphere.segment import Segment


def _says(segment: Segment | None, nic: NetworkAdapter) -> Message | None:
    if segment is None or segment.tagging != "private":
        return None
    return say("vlan_private", nic=nic.label, group=segment.name)


CHECK = Check(
    severity="decision",
    title="private VLAN port group",
    way_out="Accept it, and the NIC stays with vCenter alone, without a port and unknown to Neutron; "
    "or move the NIC to a port group with one VLAN.",
    find=each_segment(_says),
)
