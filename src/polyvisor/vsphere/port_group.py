"""Distributed port groups: which there are, make one, remove one."""

from dataclasses import dataclass
from typing import Any

from pyVmomi import vim

from polyvisor.vsphere import faults, inventory
from polyvisor.vsphere.session import Session, moref
from polyvisor.vsphere.switch import Switch
from polyvisor.vsphere.task import wait_for_task

# vCenter's own default; it grows by itself (autoExpand).
INITIAL_PORTS = 8
_READABLE = {"name", "key", "config.distributedVirtualSwitch"}


@dataclass(frozen=True, slots=True)
class PortGroup:
    """A distributed port group."""

    moref: str
    key: str
    """As the backing of a NIC names it; differs from the moref after a switch was restored."""
    name: str
    switch: str
    """Moref of its switch."""
    vlan_id: int | None
    """0 for untagged; None for a trunk or a private VLAN."""
    description: str


def list_port_groups(session: Session, datacenter: str) -> list[PortGroup]:
    """All distributed port groups of the datacenter (a moref) that the account may read, uplinks included.

    Raises:
        VSphereError: vCenter refused.
    """
    groups = inventory.collect(
        session,
        vim.dvs.DistributedVirtualPortgroup,
        [
            "name",
            "key",
            "config.description",
            "config.distributedVirtualSwitch",
            "config.defaultPortConfig.vlan",
        ],
        container=session.managed_object(vim.Datacenter, datacenter),
    )
    return [_port_group(ref, group) for ref, group in groups.items() if group.keys() >= _READABLE]


def create_port_group(  # noqa: PLR0913 - what to make, where, and how long to wait
    session: Session, switch: Switch, *, name: str, vlan_id: int, description: str, timeout: float
) -> None:
    """Make an early-binding port group which tags with `vlan_id` (1 to 4094).

    Uplinks and teaming are the switch's own.

    Args:
        timeout: seconds for the task.

    Raises:
        AlreadyExists: the datacenter has a network of that name.
        VSphereError: what else vCenter refused.
    """
    switch_ref = session.managed_object(vim.DistributedVirtualSwitch, switch.moref)
    spec = vim.dvs.DistributedVirtualPortgroup.ConfigSpec(
        name=name,
        description=description,
        type=vim.dvs.DistributedVirtualPortgroup.PortgroupType.earlyBinding,
        numPorts=INITIAL_PORTS,
        autoExpand=True,
        defaultPortConfig=_port_config(vlan_id),
    )
    wait_for_task(session, session.call(switch_ref.AddDVPortgroup_Task, spec=[spec]), timeout=timeout)


def remove_port_group(session: Session, group: PortGroup, *, timeout: float) -> None:
    """Remove the port group; one that is gone already is no error.

    Args:
        timeout: seconds for the task.

    Raises:
        InUse: a NIC of a VM hangs on it.
        VSphereError: what else vCenter refused.
    """
    ref = session.managed_object(vim.dvs.DistributedVirtualPortgroup, group.moref)
    try:
        users = session.call(lambda: ref.vm)
        if users:
            raise faults.InUse(f"port group '{group.name}' has NICs of {len(users)} VM(s) on it")
        wait_for_task(session, session.call(ref.Destroy_Task), timeout=timeout)
    except faults.NotFound:
        return


def _port_group(ref: str, group: dict[str, Any]) -> PortGroup:
    vlan = group.get("config.defaultPortConfig.vlan")
    return PortGroup(
        moref=ref,
        key=group["key"],
        name=group["name"],
        switch=moref(group["config.distributedVirtualSwitch"]),
        vlan_id=vlan.vlanId if isinstance(vlan, vim.dvs.VmwareDistributedVirtualSwitch.VlanIdSpec) else None,
        description=group.get("config.description", ""),
    )


def _port_config(vlan_id: int) -> Any:
    """The VLAN, and no sniffing or forging of MAC addresses, whatever the switch's own default is."""
    policy, refused = vim.dvs.VmwareDistributedVirtualSwitch, vim.BoolPolicy(inherited=False, value=False)
    return policy.VmwarePortConfigPolicy(
        vlan=policy.VlanIdSpec(inherited=False, vlanId=vlan_id),
        securityPolicy=policy.SecurityPolicy(
            inherited=False, allowPromiscuous=refused, macChanges=refused, forgedTransmits=refused
        ),
    )
