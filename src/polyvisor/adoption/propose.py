"""The server that a VM would become, by what is known and by the rules."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from polyvisor.adoption.addresses import reported
from polyvisor.adoption.cloud import Cloud
from polyvisor.adoption.discovery import Discovery
from polyvisor.adoption.flavors import FlavorBook, gibibytes, root_disk, shape
from polyvisor.adoption.message import say
from polyvisor.adoption.plan import NO_UUID, Port, Server, VmFacts, Volume, is_mac, is_uuid
from polyvisor.adoption.rules import RuleBook, ServerRule
from polyvisor.adoption.text import printable
from polyvisor.adoption.topology import Topology
from polyvisor.message import Message
from polyvisor.vsphere.disk import Disk
from polyvisor.vsphere.network_adapter import NetworkAdapter
from polyvisor.vsphere.virtual_machine import VirtualMachine

#: Adapters through which Cinder's VMware driver attaches volumes.
_VOLUME_CONTROLLERS = ("paraVirtual", "lsiLogic", "lsiLogicsas", "busLogic")


def why_no_volume(disk: Disk) -> Message | None:
    """The reason why a disk cannot be a volume; None if it can."""
    reasons = {
        "why_rdm": disk.format.startswith("rdm"),
        "why_shared": disk.shared,
        "why_independent": disk.mode.startswith("independent"),
        "why_chained": bool(disk.parents),
        "why_encrypted": disk.encrypted,
        "why_controller": disk.controller not in _VOLUME_CONTROLLERS,
        "why_format": disk.format not in {"flat", "sesparse"},
    }
    parts = {"why_controller": {"controller": disk.controller}, "why_format": {"format": disk.format}}
    return next((say(code, **parts.get(code, {})) for code, holds in reasons.items() if holds), None)


class Proposer:
    """Makes the server for each VM, before any check and before anybody's edits."""

    def __init__(self, cloud: Cloud, topology: Topology, rules: RuleBook, flavors: FlavorBook) -> None:
        self._cloud, self._topology, self._rules, self._flavors = cloud, topology, rules, flavors

    def propose(self, discovery: Discovery, vm: VirtualMachine) -> Server:
        """Fill in what is known; what is not stays None."""
        rules = self._rules.servers(discovery, vm)
        cluster = discovery.cluster(vm)
        node = f"{cluster.moref}.{discovery.vcenter.uuid}" if cluster else ""
        compute = self._cloud.computes.get(node)
        return Server(
            server=_named(vm),
            id=discovery.vm_id(vm),
            instance_uuid=vm.instance_uuid if is_uuid(vm.instance_uuid) else NO_UUID,
            adopt=_first(rules, "adopt"),
            project=_first(rules, "project"),
            flavor=_first(rules, "flavor") or self._flavors.choose(shape(vm)),
            compute=compute.host if compute else None,
            ports=tuple(self._port(discovery, vm, nic) for nic in vm.nics),
            volumes=tuple(_volumes(vm, rules)),
            decisions=_decisions(rules),
            because=", ".join(rule.rule for rule in rules)[:2000],
            vm=_facts(discovery, vm, cluster.name if cluster else ""),
        )

    def _port(self, discovery: Discovery, vm: VirtualMachine, nic: NetworkAdapter) -> Port:
        told = self._rules.addresses(discovery, vm, nic.mac)
        claimed = reported(nic) or None
        addresses = told if told is not None else claimed
        because = "addresses file" if told is not None else "VMware Tools" if claimed else ""
        network = self._topology.network_of(discovery, vm, nic)
        return Port(
            nic=nic.key,
            mac=nic.mac if is_mac(nic.mac) else "",
            network=network,
            addresses=addresses,
            because=because,
        )


def _first(rules: Sequence[ServerRule], name: str) -> Any:
    return next((value for rule in rules if (value := getattr(rule, name)) is not None), None)


def _decisions(rules: Sequence[ServerRule]) -> Mapping[str, str]:
    return {check: why for rule in reversed(rules) for check, why in rule.accept.items()}


def _named(vm: VirtualMachine) -> str:
    """The VM's name; vCenter allows characters in it that Nova does not."""
    return printable(vm.name.strip(), 255) or vm.moref


def _volumes(vm: VirtualMachine, rules: Sequence[ServerRule]) -> Iterator[Volume]:
    wanted, volume_type = _first(rules, "volumes"), _first(rules, "volume_type")
    root = root_disk(vm)
    for number, disk in enumerate(vm.disks):
        if disk is root:
            continue
        obstacle = why_no_volume(disk)
        yield Volume(
            disk=disk.key,
            take=not obstacle and wanted is not False,
            volume=f"{_named(vm)[:240]}-disk{number + 1}",
            size_gb=max(gibibytes(disk.capacity_bytes), 1),
            type=volume_type,
            because=str(obstacle or "") or ("rule" if wanted is not None else ""),
        )


def _facts(discovery: Discovery, vm: VirtualMachine, cluster: str) -> VmFacts:
    return VmFacts(
        path=printable(discovery.path(vm)),
        instance_uuid=printable(vm.instance_uuid),
        cluster=printable(cluster),
        power=vm.power_state,
        guest=printable(vm.guest_name or vm.guest_id),
        tools=vm.tools,
        vcpus=vm.vcpus,
        memory_mb=vm.memory_mb,
        nics=tuple(_nic_line(discovery, vm, nic) for nic in vm.nics),
        disks=tuple(_disk_line(disk) for disk in vm.disks),
        snapshots=tuple(printable(snapshot.name) for snapshot in vm.snapshots),
    )


def _nic_line(discovery: Discovery, vm: VirtualMachine, nic: NetworkAdapter) -> str:
    segment = discovery.segment(vm, nic)
    where = f"{segment.switch}/{segment.name}" if segment else nic.network or "no network"
    tag = f"VLAN {segment.vlan}" if segment and segment.vlan else segment.tagging if segment else nic.backing
    return printable(f"{nic.key} {nic.adapter} {nic.mac} on {where}, {tag}")


def _disk_line(disk: Disk) -> str:
    kind = "thin" if disk.thin else disk.format
    return printable(
        f"{disk.key} {gibibytes(disk.capacity_bytes)} GB {kind} on {disk.controller}: {disk.file}"
    )
