"""Whether a port can be bound on VMware, and to which segment: rules without I/O."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from neutron_lib import constants
from neutron_lib.api.definitions import port_security, portbindings, qinq, trunk_details, vlantransparent
from neutron_lib.plugins.ml2 import api

Segment = Mapping[str, Any]


class BindingError(Exception):
    """This port cannot be bound here; the message says why and, where there is one, the way out."""


def check_port(port: Mapping[str, Any], *, security_groups: str) -> None:
    """Refuse a port which asks for what a VMware NIC on a plain VLAN cannot give.

    `security_groups` is the option of that name: what to do with a port that has any.

    Raises BindingError.
    """
    vnic_type = port.get(portbindings.VNIC_TYPE, portbindings.VNIC_NORMAL)
    if vnic_type != portbindings.VNIC_NORMAL:
        raise BindingError(f"VNIC type '{vnic_type}' is not supported, only '{portbindings.VNIC_NORMAL}'")
    if port.get(trunk_details.TRUNK_DETAILS):
        raise BindingError("it is the parent of a trunk, and a VMware NIC carries one VLAN only")
    check_security_groups(port, policy=security_groups)


def claims_protection(port: Mapping[str, Any]) -> bool:
    """Whether Neutron shows the port as protected, by security groups or by its port security extension."""
    return bool(port.get("security_groups") or port.get(port_security.PORTSECURITY))


def check_security_groups(port: Mapping[str, Any], *, policy: str) -> None:
    """Refuse a port that claims a protection which it would not have, if that is the policy.

    Raises BindingError.
    """
    if policy == "reject" and claims_protection(port):
        raise BindingError(
            "it has security groups or port security, which are not enforced on VMware: make the network "
            "with --disable-port-security or the port with --no-security-group --disable-port-security, or "
            "set [ml2_vmware] security_groups = ignore"
        )


def check_network(network: Mapping[str, Any]) -> None:
    """Refuse a network whose guests may tag frames themselves: the port group would drop these.

    Raises BindingError.
    """
    for field in (vlantransparent.VLANTRANSPARENT, qinq.QINQ_FIELD):
        if network.get(field):
            raise BindingError(f"its network has '{field}' set, which is not supported")


def usable_segments(segments: Iterable[Segment], physnets: Collection[str]) -> list[Segment]:
    """Those segments which are a VLAN on, or the whole of, one of the physical networks, in their order."""
    return [
        segment
        for segment in segments
        if segment[api.PHYSICAL_NETWORK] in physnets and _is_flat_or_vlan(segment)
    ]


def vlan_of(segment: Segment) -> int:
    """The VLAN that a port group of the segment tags with; 0 for a flat network, which is untagged."""
    return segment[api.SEGMENTATION_ID] if segment[api.NETWORK_TYPE] == constants.TYPE_VLAN else 0


def choose_segment(segments: Iterable[Segment], physnets: Collection[str]) -> Segment:
    """The first usable segment.

    Raises BindingError when the network has none on these physical networks.
    """
    usable = usable_segments(segments, physnets)
    if not usable:
        raise BindingError(
            "its network has no VLAN or flat segment on a physical network of this host: "
            + ", ".join(sorted(physnets))
        )
    return usable[0]


def _is_flat_or_vlan(segment: Segment) -> bool:
    if segment[api.NETWORK_TYPE] == constants.TYPE_VLAN:
        return constants.MIN_VLAN_TAG <= segment[api.SEGMENTATION_ID] <= constants.MAX_VLAN_TAG
    return bool(segment[api.NETWORK_TYPE] == constants.TYPE_FLAT)
