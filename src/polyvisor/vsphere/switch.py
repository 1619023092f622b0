"""Distributed switches, and which hosts of a cluster are not on one."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pyVmomi import vim

from polyvisor.vsphere import faults, inventory
from polyvisor.vsphere.naming import unescape
from polyvisor.vsphere.session import Session, moref


@dataclass(frozen=True, slots=True)
class Switch:
    """A vSphere Distributed Switch."""

    moref: str
    uuid: str
    """As the backing of a NIC names it (`switchUuid`)."""
    name: str
    datacenter: str
    """Moref of the datacenter, within which the names of port groups are unique."""
    mtu: int | None
    """Bytes; None where vCenter does not say."""
    members: tuple[str, ...]
    """Morefs of the ESXi hosts on the switch."""


def find_datacenter(session: Session, name: str) -> str:
    """Give the moref of the datacenter of this name.

    Raises:
        NotFound: there is none, or more than one.
    """
    return _named(inventory.collect(session, vim.Datacenter, ["name"]), "datacenter", name)


def find_cluster(session: Session, datacenter: str, name: str) -> str:
    """Give the moref of the cluster of this name in the datacenter (a moref).

    Raises:
        NotFound: there is none, or more than one.
    """
    home = session.managed_object(vim.Datacenter, datacenter)
    clusters = inventory.collect(session, vim.ClusterComputeResource, ["name"], container=home)
    return _named(clusters, "cluster", name)


def find_switch(session: Session, datacenter: str, name: str) -> Switch:
    """The distributed switch of this name, in any folder of the datacenter of that name.

    Raises:
        NotFound: there is no such datacenter or switch, or more than one.
    """
    home = find_datacenter(session, datacenter)
    switches = inventory.collect(
        session,
        vim.DistributedVirtualSwitch,
        ["name", "uuid", "config.maxMtu", "summary.hostMember"],
        container=session.managed_object(vim.Datacenter, home),
    )
    ref = _named(switches, f"distributed switch of datacenter '{datacenter}'", name)
    found = switches[ref]
    return Switch(
        moref=ref,
        uuid=found["uuid"],
        name=name,
        datacenter=home,
        mtu=found.get("config.maxMtu") or None,
        members=tuple(moref(host) for host in found.get("summary.hostMember", ())),
    )


def hosts_outside(session: Session, switch: Switch, cluster: str) -> list[str]:
    """Names of the hosts of that cluster which may run VMs now, but cannot reach the switch.

    Hosts that are disconnected or in maintenance mode do not count: vCenter places no VM on them.

    Raises:
        NotFound: the switch's datacenter has no cluster of that name, or more than one.
    """
    owner = find_cluster(session, switch.datacenter, cluster)
    hosts = inventory.collect(
        session,
        vim.HostSystem,
        ["name", "runtime.connectionState", "runtime.inMaintenanceMode"],
        container=session.managed_object(vim.ClusterComputeResource, owner),
    )
    return sorted(
        unescape(host.get("name", ref))
        for ref, host in hosts.items()
        if ref not in switch.members
        and host.get("runtime.connectionState") == "connected"
        and not host.get("runtime.inMaintenanceMode")
    )


def _named(objects: Mapping[str, Mapping[str, Any]], kind: str, name: str) -> str:
    found = [ref for ref, values in objects.items() if unescape(values.get("name", "")) == name]
    if len(found) == 1:
        return found[0]
    count = "no" if not found else "more than one"
    raise faults.NotFound(f"there is {count} {kind} named '{name}'")
