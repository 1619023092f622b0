"""Whether a VM still is what the plan says: vCenter is believed, the plan is not."""

from collections.abc import Iterator, Mapping
from typing import Final

from polyvisor.adoption.discovery import Discovery
from polyvisor.adoption.flavors import gibibytes, root_disk
from polyvisor.adoption.message import say
from polyvisor.adoption.plan import Network, Port, Server
from polyvisor.adoption.propose import why_no_volume
from polyvisor.message import Message
from polyvisor.vsphere.virtual_machine import VirtualMachine

#: Of a port group, and of none.
_TAGGINGS: Final = {
    "vlan": "on_vlan",
    "untagged": "on_untagged",
    "trunk": "on_trunk",
    "private": "on_private",
    "unknown": "on_unknown",
    "": "on_nothing",
}


def differences(
    server: Server, discovery: Discovery, vm: VirtualMachine, networks: Mapping[str, Network]
) -> Iterator[Message]:
    """What is otherwise in vCenter, as far as it would be acted upon.

    Args:
        networks: of the plan, by name.
    """
    if vm.instance_uuid != server.instance_uuid:
        yield say("vm_is_other", moref=vm.moref, uuid=vm.instance_uuid)
        return
    yield from _nics(server, discovery, vm, networks)
    yield from _disks(server, vm)


def _nics(
    server: Server, discovery: Discovery, vm: VirtualMachine, networks: Mapping[str, Network]
) -> Iterator[Message]:
    planned = {port.nic: port for port in server.ports}
    present = {nic.key: nic for nic in vm.nics}
    yield from (say("nic_gone", nic=key) for key in planned.keys() - present.keys())
    yield from (say("nic_added", nic=key) for key in present.keys() - planned.keys())
    for key in planned.keys() & present.keys():
        port, nic = planned[key], present[key]
        if port.mac != nic.mac:
            yield say("nic_mac", nic=key, mac=nic.mac, planned=port.mac)
        if port.made:
            segment = discovery.segment(vm, nic)
            where = (segment.tagging, segment.vlan) if segment else ("", None)
            yield from _wire(port, where, networks)


def _wire(port: Port, where: tuple[str, int | None], networks: Mapping[str, Network]) -> Iterator[Message]:
    vlan = networks[str(port.network)].vlan
    if where != (("vlan", vlan) if vlan else ("untagged", None)):
        tagging, found = where
        wanted = say("on_vlan", vlan=vlan) if vlan else say("on_flat")
        present = say(_TAGGINGS[tagging], **({"vlan": found} if tagging == "vlan" else {}))
        yield say("nic_elsewhere", nic=port.nic, present=present, network=port.network, wanted=wanted)


def _disks(server: Server, vm: VirtualMachine) -> Iterator[Message]:
    root = root_disk(vm)
    present = {disk.key: disk for disk in vm.disks if disk is not root}
    planned = {volume.disk: volume for volume in server.volumes}
    yield from (say("disk_gone", disk=key) for key in planned.keys() - present.keys())
    yield from (say("disk_added", disk=key) for key in present.keys() - planned.keys())
    for key in planned.keys() & present.keys():
        size = gibibytes(present[key].capacity_bytes)
        if planned[key].take and (why := why_no_volume(present[key])):
            yield say("disk_volume_no_more", disk=key, reason=why)
        if planned[key].take and max(size, 1) != planned[key].size_gb:
            yield say("disk_resized", disk=key, size=size, planned=planned[key].size_gb)
