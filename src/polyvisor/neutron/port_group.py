"""The distributed port group of a Neutron network: make sure of it, or let it go.

Its description is what makes a port group ours. One that has a network's name without it is used if it fits,
and never changed or removed.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from oslo_log import log

from polyvisor.neutron.binding import BindingError
from polyvisor.vsphere import faults
from polyvisor.vsphere.port_group import PortGroup, create_port_group, list_port_groups, remove_port_group
from polyvisor.vsphere.session import Session
from polyvisor.vsphere.switch import Switch, find_switch, hosts_outside

LOG = log.getLogger(__name__)

_DESCRIPTION = "OpenStack network {} of Polyvisor deployment {}. Do not edit: this text marks the owner."


@dataclass(frozen=True, slots=True)
class Place:
    """A distributed switch, by its names in vCenter's inventory."""

    datacenter: str
    switch: str


@dataclass(frozen=True, slots=True)
class Network:
    """What a port group has to be like for a Neutron network of this deployment.

    Attributes:
        mtu: bytes.
    """

    id: str
    vlan_id: int
    mtu: int
    deployment_id: str

    @property
    def group_name(self) -> str:
        """Made of the UUID alone: nothing that a tenant chose goes into vCenter."""
        return f"os-{self.id}"

    @property
    def group_description(self) -> str:
        """The mark of ownership."""
        return _DESCRIPTION.format(self.id, self.deployment_id)


def ensure(
    session: Session, place: Place, network: Network, *, cluster: str, timeout: float
) -> tuple[Switch, PortGroup]:
    """Give the network's port group for a cluster, made if it is missing. May be repeated, and raced.

    Args:
        cluster: its name; all its hosts must be on the switch.
        timeout: seconds for each task of vCenter.

    Raises:
        BindingError: the switch, or a port group that is there already, does not fit.
        VSphereError: what vCenter refused.
    """
    switch = find_switch(session, place.datacenter, place.switch)
    _check_switch(session, switch, network, cluster)
    groups = list_port_groups(session, switch.datacenter)
    group = _find(groups, switch, network)
    if group is None:
        _free_vlan(session, groups, switch, network, timeout)
        _create(session, switch, network, timeout)
        group = _find(list_port_groups(session, switch.datacenter), switch, network)
    if group is None:
        raise BindingError(
            f"port group '{network.group_name}' was removed while the port was being bound, or the account "
            "of Neutron may not read it"
        )
    return switch, group


def remove(session: Session, place: Place, *, network_id: str, deployment_id: str, timeout: float) -> None:
    """Remove what `ensure` made for the network on the switch.

    Args:
        timeout: seconds for each task of vCenter.

    Raises:
        InUse: a NIC hangs on it.
        VSphereError: what else vCenter refused.
    """
    switch = find_switch(session, place.datacenter, place.switch)
    for group in list_port_groups(session, switch.datacenter):
        if group.switch == switch.moref and owner(group, deployment_id) == network_id:
            remove_port_group(session, group, timeout=timeout)
            LOG.info("Removed port group %s from switch %s", group.name, switch.name)


def owner(group: PortGroup, deployment_id: str) -> str | None:
    """Give the id of the network that this deployment made the port group for; None if it did not make it."""
    before, after = _DESCRIPTION.format("\0", deployment_id).split("\0")
    match = re.fullmatch(f"{re.escape(before)}([0-9a-f-]+){re.escape(after)}", group.description)
    return match[1] if match else None


def _check_switch(session: Session, switch: Switch, network: Network, cluster: str) -> None:
    if switch.mtu and switch.mtu < network.mtu:
        raise BindingError(
            f"the network's MTU {network.mtu} is larger than MTU {switch.mtu} of switch '{switch.name}': "
            "raise the switch's or lower the network's"
        )
    if outside := hosts_outside(session, switch, cluster):
        raise BindingError(
            f"not on switch '{switch.name}': {', '.join(outside)} of cluster '{cluster}'; add them to the "
            "switch, or put them in maintenance mode"
        )


def _find(groups: Sequence[PortGroup], switch: Switch, network: Network) -> PortGroup | None:
    group = next((group for group in groups if group.name == network.group_name), None)
    if group and group.switch != switch.moref:
        raise BindingError(f"port group '{group.name}' is on another switch than '{switch.name}'")
    if group and group.vlan_id != network.vlan_id:
        raise BindingError(
            f"port group '{group.name}' has VLAN {group.vlan_id}, but the network has VLAN {network.vlan_id}"
        )
    return group


def _free_vlan(
    session: Session, groups: Sequence[PortGroup], switch: Switch, network: Network, timeout: float
) -> None:
    """See to it that no NIC of a deleted network is on the VLAN which Neutron has now given to this one.

    A switch has one physical network, and that gives each VLAN to one network: any other port group of ours
    on this VLAN is a leftover.
    """
    for group in groups:
        on_vlan = group.switch == switch.moref and group.vlan_id == network.vlan_id
        if not on_vlan or not owner(group, network.deployment_id):
            continue
        try:
            remove_port_group(session, group, timeout=timeout)
        except faults.InUse as exc:
            raise BindingError(
                f"VLAN {network.vlan_id} of '{switch.name}' is still in use by a deleted network: {exc}; "
                "move these NICs away first"
            ) from exc
        LOG.warning("Removed port group %s, left over on VLAN %d", group.name, network.vlan_id)


def _create(session: Session, switch: Switch, network: Network, timeout: float) -> None:
    try:
        create_port_group(
            session,
            switch,
            name=network.group_name,
            vlan_id=network.vlan_id,
            description=network.group_description,
            timeout=timeout,
        )
        LOG.info("Made port group %s with VLAN %d on %s", network.group_name, network.vlan_id, switch.name)
    except faults.AlreadyExists:
        # Another process bound a port of this network at the same moment; the caller looks at what it made.
        LOG.debug("Port group %s was made by somebody else just now", network.group_name)
