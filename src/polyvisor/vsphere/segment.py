"""What a port group of any type puts its NICs on: which VLANs of which switch."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, Literal

from pyVmomi import vim

from polyvisor.vsphere import inventory
from polyvisor.vsphere.naming import unescape
from polyvisor.vsphere.session import Session, moref

Tagging = Literal["vlan", "untagged", "trunk", "private", "unknown"]

#: vSphere Networking: 4095 on a standard port group passes all VLANs on to the guest.
_ALL_VLANS: Final = 4095
_switch: Final = vim.dvs.VmwareDistributedVirtualSwitch


@dataclass(frozen=True, slots=True)
class Segment:
    """A port group: one distributed one, or the standard ones of a name that agree on switch and VLAN.

    Attributes:
        moref: of the vCenter network.
        key: what the backing of a NIC names: key of a distributed port group, name of a standard one.
        switch: name of the switch.
        switch_uuid: of a distributed switch.
        tagging: "vlan" for exactly one VLAN; "trunk" for several or all, "private" for a private VLAN.
        vlan: 1 to 4094, only if tagging is "vlan".
        hosts: morefs of the ESXi hosts that have the standard port group; empty if distributed.
    """

    moref: str
    datacenter: str
    name: str
    key: str
    type: Literal["distributed", "standard"]
    switch: str
    switch_uuid: str | None
    tagging: Tagging
    vlan: int | None
    hosts: tuple[str, ...]


def list_segments(session: Session, datacenter: str) -> list[Segment]:
    """All port groups of the datacenter (a moref), uplinks left out, in a fixed order.

    Raises:
        VSphereError: as `Session.call` does.
    """
    found = [*_distributed(session, datacenter), *_standard(session, datacenter)]
    return sorted(found, key=lambda segment: (segment.name, segment.switch, segment.vlan or 0))


def _distributed(session: Session, datacenter: str) -> Iterator[Segment]:
    home = session.managed_object(vim.Datacenter, datacenter)
    switches = inventory.collect(
        session, vim.DistributedVirtualSwitch, ["name", "uuid", "config.uplinkPortgroup"], container=home
    )
    uplinks = {moref(ref) for switch in switches.values() for ref in switch.get("config.uplinkPortgroup", ())}
    wanted = ["name", "key", "config.distributedVirtualSwitch", "config.defaultPortConfig.vlan"]
    groups = inventory.collect(session, vim.dvs.DistributedVirtualPortgroup, wanted, container=home)
    for ref, group in groups.items():
        owner = group.get("config.distributedVirtualSwitch")
        if ref in uplinks or "key" not in group or owner is None:
            continue
        switch = switches.get(moref(owner), {})
        tagging, vlan = _read_tag(group.get("config.defaultPortConfig.vlan"))
        yield Segment(
            moref=ref,
            datacenter=datacenter,
            name=unescape(group["name"]),
            key=group["key"],
            type="distributed",
            switch=unescape(switch.get("name", "")),
            switch_uuid=switch.get("uuid"),
            tagging=tagging,
            vlan=vlan,
            hosts=(),
        )


def _read_tag(spec: Any) -> tuple[Tagging, int | None]:
    if isinstance(spec, _switch.TrunkVlanSpec):
        return "trunk", None
    if isinstance(spec, _switch.PvlanSpec):
        return "private", None
    if isinstance(spec, _switch.VlanIdSpec):
        return _tag(spec.vlanId)
    return "unknown", None


def _tag(vlan: int) -> tuple[Tagging, int | None]:
    if vlan == _ALL_VLANS:
        return "trunk", None
    return ("vlan", vlan) if vlan else ("untagged", None)


def _standard(session: Session, datacenter: str) -> Iterator[Segment]:
    home = session.managed_object(vim.Datacenter, datacenter)
    wanted = ["config.network.portgroup"]
    hosts = inventory.collect(session, vim.HostSystem, wanted, container=home)
    names = inventory.collect(session, vim.Network, ["name"], container=home)
    refs = {unescape(network["name"]): ref for ref, network in names.items() if ref.startswith("network-")}
    members: dict[tuple[str, str, int], list[str]] = {}
    for ref, host in hosts.items():
        for group in host.get("config.network.portgroup", ()):
            where = (group.spec.name, group.spec.vswitchName, group.spec.vlanId)
            members.setdefault(where, []).append(ref)
    for (name, switch, vlan_id), owners in members.items():
        if name not in refs:
            continue  # of the host's own adapters, not one that VMs can be on
        tagging, vlan = _tag(vlan_id)
        yield Segment(
            moref=refs[name],
            datacenter=datacenter,
            name=name,
            key=name,
            type="standard",
            switch=switch,
            switch_uuid=None,
            tagging=tagging,
            vlan=vlan,
            hosts=tuple(sorted(owners)),
        )
