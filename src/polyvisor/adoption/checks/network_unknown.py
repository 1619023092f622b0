"""A NIC whose port group is gone, or of a type that nobody told us about, is on no network that Neutron
could have."""

from polyvisor.adoption.checks import Check, each_segment
from polyvisor.adoption.message import say
from polyvisor.message import Message
from polyvisor.vsphere.network_adapter import NetworkAdapter
from polyvisor.vsphere.segment import Segment


def _says(segment: Segment | None, nic: NetworkAdapter) -> Message | None:
    if segment and segment.tagging != "unknown":
        return None
    return say("nic_unknown", nic=nic.label, backing=nic.backing, network=nic.network)


CHECK = Check(
    severity="decision",
    title="network unknown, gone or opaque",
    way_out="Connect the NIC to a port group, or remove it; accept it, and it stays with vCenter alone.",
    find=each_segment(_says),
)
