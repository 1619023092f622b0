"""Distributed port groups: which there are, make, correct and remove one."""

from dataclasses import dataclass
from typing import Any

from pyVmomi import vim

from polyvisor.vsphere import faults, inventory
from polyvisor.vsphere.naming import unescape
from polyvisor.vsphere.session import Session
from polyvisor.vsphere.session import moref as moref_of
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
    secure: bool
    """Refuses promiscuous mode, forged transmits and changed MAC addresses."""


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
            "config.defaultPortConfig.securityPolicy",
        ],
        container=session.managed_object(vim.Datacenter, datacenter),
    )
    return [_port_group(ref, group) for ref, group in groups.items() if group.keys() >= _READABLE]


def create_port_group(  # noqa: PLR0913 - what to make, where, and how long to wait
    session: Session, switch: str, *, name: str, vlan_id: int, description: str, timeout: float
) -> tuple[str, str]:
    """Make an early-binding port group which tags with `vlan_id` (1 to 4094; 0: does not tag).

    Uplinks and teaming are the switch's own.

    Args:
        switch: moref.
        timeout: seconds for the task.

    Returns:
        Its key and its moref.

    Raises:
        AlreadyExists: the datacenter has a network of that name.
        VSphereError: what else vCenter refused.
    """
    switch_ref = session.managed_object(vim.DistributedVirtualSwitch, switch)
    task = session.call(switch_ref.CreateDVPortgroup_Task, _spec(name, vlan_id, description))
    made = wait_for_task(session, task, timeout=timeout)
    return session.call(lambda: made.key), moref_of(made)


def update_port_group(  # noqa: PLR0913 - what it is to be like, and how long to wait
    session: Session, moref: str, *, name: str, vlan_id: int, description: str, timeout: float
) -> None:
    """Make the port group what `create_port_group` would have made, whatever it was.

    Args:
        timeout: seconds for the task.

    Raises:
        NotFound: it is gone.
        VSphereError: what else vCenter refused.
    """
    ref = session.managed_object(vim.dvs.DistributedVirtualPortgroup, moref)
    spec = _spec(name, vlan_id, description)
    # The number of ports has grown, and the binding of a group in use cannot be changed: both stay.
    spec.numPorts, spec.type = None, None
    spec.configVersion = session.call(lambda: ref.config.configVersion)
    wait_for_task(session, session.call(ref.ReconfigureDVPortgroup_Task, spec), timeout=timeout)


def remove_port_group(session: Session, moref: str, *, name: str, timeout: float) -> None:
    """Remove the port group; one that is gone already is no error.

    Args:
        name: for the error.
        timeout: seconds for the task.

    Raises:
        InUse: a NIC of a VM hangs on it.
        VSphereError: what else vCenter refused.
    """
    ref = session.managed_object(vim.dvs.DistributedVirtualPortgroup, moref)
    try:
        users = session.call(lambda: ref.vm)
        if users:
            raise faults.InUse(f"port group '{name}' has NICs of {len(users)} VM(s) on it")
        wait_for_task(session, session.call(ref.Destroy_Task), timeout=timeout)
    except faults.NotFound:
        return


def _port_group(ref: str, group: dict[str, Any]) -> PortGroup:
    vlan = group.get("config.defaultPortConfig.vlan")
    return PortGroup(
        moref=ref,
        key=group["key"],
        name=unescape(group["name"]),
        switch=moref_of(group["config.distributedVirtualSwitch"]),
        vlan_id=vlan.vlanId if isinstance(vlan, vim.dvs.VmwareDistributedVirtualSwitch.VlanIdSpec) else None,
        description=group.get("config.description", ""),
        secure=_is_secure(group.get("config.defaultPortConfig.securityPolicy")),
    )


def _is_secure(policy: Any) -> bool:
    asked = (policy.allowPromiscuous, policy.macChanges, policy.forgedTransmits) if policy else (None,)
    return all(rule is not None and rule.value is False for rule in asked)


def _spec(name: str, vlan_id: int, description: str) -> Any:
    return vim.dvs.DistributedVirtualPortgroup.ConfigSpec(
        name=name,
        description=description,
        type=vim.dvs.DistributedVirtualPortgroup.PortgroupType.earlyBinding,
        numPorts=INITIAL_PORTS,
        autoExpand=True,
        defaultPortConfig=_port_config(vlan_id),
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
