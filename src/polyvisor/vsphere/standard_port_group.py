"""Port groups of standard switches: which each ESXi host has, make, correct and remove one on one host."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pyVmomi import vim

from polyvisor.vsphere import faults, inventory
from polyvisor.vsphere.naming import unescape
from polyvisor.vsphere.session import Session, moref

_PROPERTIES = (
    "name",
    "parent",
    "runtime.connectionState",
    "runtime.inMaintenanceMode",
    "configManager.networkSystem",
    "config.network.vswitch",
    "config.network.portgroup",
)


@dataclass(frozen=True, slots=True)
class StandardPortGroup:
    """A port group of one host.

    Attributes:
        vlan_id: 0 untagged, 4095 all VLANs.
        secure: it refuses promiscuous mode, forged transmits and changed MAC addresses by its own policy.
    """

    name: str
    switch: str
    vlan_id: int
    secure: bool


@dataclass(frozen=True, slots=True)
class HostNetwork:
    """The standard switches of an ESXi host, as vCenter last heard of them.

    Attributes:
        cluster: moref.
        network_system: moref of what its port groups are changed by; None while vCenter does not know it.
        switches: name -> MTU in bytes, None where vCenter does not say.
        port_groups: by name.
    """

    moref: str
    name: str
    cluster: str
    connected: bool
    maintenance: bool
    network_system: str | None
    switches: Mapping[str, int | None]
    port_groups: Mapping[str, StandardPortGroup]


def list_host_networks(session: Session, datacenter: str) -> list[HostNetwork]:
    """The hosts of all clusters of the datacenter (a moref).

    Raises:
        VSphereError: as `Session.call` does.
    """
    hosts = inventory.collect(
        session, vim.HostSystem, _PROPERTIES, container=session.managed_object(vim.Datacenter, datacenter)
    )
    return [_host(ref, host) for ref, host in hosts.items() if "name" in host and "parent" in host]


def add_standard_port_group(
    session: Session, network_system: str, *, name: str, switch: str, vlan_id: int
) -> None:
    """Make a port group on one host; teaming is the switch's own.

    Raises:
        AlreadyExists: the host has one of that name.
        NotFound: the host has no such switch.
        VSphereError: what else vCenter or the host refused.
    """
    session.call(_system(session, network_system).AddPortGroup, _spec(name, switch, vlan_id))


def update_standard_port_group(
    session: Session, network_system: str, *, name: str, switch: str, vlan_id: int
) -> None:
    """Make the host's port group what `add_standard_port_group` would have made.

    Raises:
        NotFound: the host has no such port group, or no such switch.
        VSphereError: what else vCenter or the host refused.
    """
    session.call(_system(session, network_system).UpdatePortGroup, name, _spec(name, switch, vlan_id))


def remove_standard_port_group(session: Session, network_system: str, name: str) -> None:
    """Remove the host's port group; one that is gone already is no error.

    Raises:
        InUse: a NIC of a VM or of the host itself is on it.
        VSphereError: what else vCenter or the host refused.
    """
    try:
        session.call(_system(session, network_system).RemovePortGroup, name)
    except faults.NotFound:
        return


def _system(session: Session, network_system: str) -> Any:
    return session.managed_object(vim.host.NetworkSystem, network_system)


def _spec(name: str, switch: str, vlan_id: int) -> Any:
    """Whole, whatever the switch's own policy is: no sniffing or forging of MAC addresses."""
    return vim.host.PortGroup.Specification(
        name=name,
        vswitchName=switch,
        vlanId=vlan_id,
        policy=vim.host.NetworkPolicy(
            security=vim.host.NetworkPolicy.SecurityPolicy(
                allowPromiscuous=False, macChanges=False, forgedTransmits=False
            )
        ),
    )


def _host(ref: str, host: dict[str, Any]) -> HostNetwork:
    system = host.get("configManager.networkSystem")
    return HostNetwork(
        moref=ref,
        name=unescape(host["name"]),
        cluster=moref(host["parent"]),
        connected=host.get("runtime.connectionState") == "connected",
        maintenance=bool(host.get("runtime.inMaintenanceMode")),
        network_system=moref(system) if system else None,
        switches={switch.name: switch.mtu or None for switch in host.get("config.network.vswitch", ())},
        port_groups={
            group.spec.name: _port_group(group.spec) for group in host.get("config.network.portgroup", ())
        },
    )


def _port_group(spec: Any) -> StandardPortGroup:
    security = spec.policy.security if spec.policy else None
    asked = (
        (security.allowPromiscuous, security.macChanges, security.forgedTransmits) if security else (None,)
    )
    return StandardPortGroup(
        name=spec.name,
        switch=spec.vswitchName,
        vlan_id=spec.vlanId,
        secure=all(allowed is False for allowed in asked),
    )
