"""Whether a VM still is what the plan says: vCenter is believed, the plan is not."""

from collections.abc import Iterator, Mapping

from polyvisor.adoption.discovery import Discovery
from polyvisor.adoption.flavors import gibibytes, root_disk
from polyvisor.adoption.plan import Network, Port, Server
from polyvisor.adoption.propose import why_no_volume
from polyvisor.vsphere.virtual_machine import VirtualMachine


def differences(
    server: Server, discovery: Discovery, vm: VirtualMachine, networks: Mapping[str, Network]
) -> Iterator[str]:
    """What is otherwise in vCenter, in plain words, as far as it would be acted upon.

    Args:
        networks: of the plan, by name.
    """
    if vm.instance_uuid != server.instance_uuid:
        yield f"{vm.moref} is another VM now: its instance UUID is {vm.instance_uuid}"
        return
    yield from _nics(server, discovery, vm, networks)
    yield from _disks(server, vm)


def _nics(
    server: Server, discovery: Discovery, vm: VirtualMachine, networks: Mapping[str, Network]
) -> Iterator[str]:
    planned = {port.nic: port for port in server.ports}
    present = {nic.key: nic for nic in vm.nics}
    yield from (f"NIC {key} is gone" for key in planned.keys() - present.keys())
    yield from (f"NIC {key} was added" for key in present.keys() - planned.keys())
    for key in planned.keys() & present.keys():
        port, nic = planned[key], present[key]
        if port.mac != nic.mac:
            yield f"NIC {key} has the MAC address {nic.mac}, not {port.mac}"
        if port.made:
            segment = discovery.segment(vm, nic)
            where = (segment.tagging, segment.vlan) if segment else ("no port group", None)
            yield from _wire(port, where, networks)


def _wire(port: Port, where: tuple[str, int | None], networks: Mapping[str, Network]) -> Iterator[str]:
    vlan = networks[str(port.network)].vlan
    if where != (("vlan", vlan) if vlan else ("untagged", None)):
        tagging, present = where
        is_on = f"VLAN {present}" if tagging == "vlan" else tagging
        yield f"NIC {port.nic} is on {is_on}, network {port.network} is {f'VLAN {vlan}' if vlan else 'flat'}"


def _disks(server: Server, vm: VirtualMachine) -> Iterator[str]:
    root = root_disk(vm)
    present = {disk.key: disk for disk in vm.disks if disk is not root}
    planned = {volume.disk: volume for volume in server.volumes}
    yield from (f"disk {key} is gone" for key in planned.keys() - present.keys())
    yield from (f"disk {key} was added" for key in present.keys() - planned.keys())
    for key in planned.keys() & present.keys():
        size = gibibytes(present[key].capacity_bytes)
        if planned[key].take and (why := why_no_volume(present[key])):
            yield f"disk {key} cannot be a volume any more: {why}"
        if planned[key].take and max(size, 1) != planned[key].size_gb:
            yield f"disk {key} has {size} GB, not {planned[key].size_gb}"
