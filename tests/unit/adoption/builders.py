"""A vCenter, an OpenStack and a plan in a few words, for tests of what is decided about them."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from polyvisor.adoption.checks import Context, Subject, registry, run
from polyvisor.adoption.cloud import Cloud, Compute
from polyvisor.adoption.discovery import Discovery, VCenter
from polyvisor.adoption.flavors import FlavorBook
from polyvisor.adoption.networks import plan_networks
from polyvisor.adoption.plan import Finding
from polyvisor.adoption.propose import Proposer
from polyvisor.adoption.rules import AddressBook, RuleBook, Rules
from polyvisor.adoption.topology import Topology
from polyvisor.vsphere.disk import Disk
from polyvisor.vsphere.entity import Entity
from polyvisor.vsphere.network_adapter import NetworkAdapter
from polyvisor.vsphere.segment import Segment
from polyvisor.vsphere.virtual_machine import VirtualMachine

VCENTER = "11111111-1111-1111-1111-111111111111"
PROJECT = "0123456789abcdef0123456789abcdef"

ENTITIES = (
    Entity("group-d1", "Datacenters", None, "Folder", True),
    Entity("datacenter-1", "dc1", "group-d1", "Datacenter", True),
    Entity("group-v1", "vm", "datacenter-1", "Folder", True),
    Entity("group-v2", "shop", "group-v1", "Folder", True),
    Entity("group-h1", "host", "datacenter-1", "Folder", True),
    Entity("domain-c1", "cluster1", "group-h1", "ClusterComputeResource", True),
    Entity("host-1", "esx11", "domain-c1", "HostSystem", True),
)
SWITCHES: tuple[dict[str, str], ...] = (
    {"switch": "dvs1", "physical_network": "physnet1"},
    {"switch": "vSwitch0", "physical_network": "physnet2"},
)


def disk(key: int = 2000, **changes: Any) -> Disk:
    plain = Disk(
        key=key,
        label=f"Hard disk {key - 1999}",
        file=f"[store] vm/vm_{key}.vmdk",
        capacity_bytes=20 * 1024**3,
        datastore="datastore-1",
        format="flat",
        thin=True,
        mode="persistent",
        controller="paraVirtual",
        bus=0,
        unit=key - 2000,
        shared=False,
        encrypted=False,
        uuid=None,
        parents=(),
    )
    return replace(plain, **changes)


def nic(key: int = 4000, **changes: Any) -> NetworkAdapter:
    plain = NetworkAdapter(
        key=key,
        label=f"Network adapter {key - 3999}",
        mac=f"00:50:56:00:00:{key - 4000:02x}",
        adapter="vmxnet3",
        backing="distributed",
        network="dvportgroup-30",
        switch_uuid="50 00",
        connected=True,
        start_connected=True,
        addresses=("10.0.30.5/24",),
    )
    return replace(plain, **changes)


def vm(number: int = 1, **changes: Any) -> VirtualMachine:
    """A VM with nothing remarkable about it; each number has a MAC, an address and UUIDs of its own."""
    plain = VirtualMachine(
        moref=f"vm-{number}",
        name=f"app-{number}",
        folder="group-v2",
        vapp=None,
        resource_pool="resgroup-1",
        host="host-1",
        instance_uuid=f"22222222-2222-2222-2222-{number:012d}",
        bios_uuid=f"33333333-3333-3333-3333-{number:012d}",
        nova_uuid=None,
        template=False,
        power_state="poweredOn",
        connection_state="connected",
        file=f"[store] app-{number}/app-{number}.vmx",
        vcpus=2,
        memory_mb=4096,
        hardware_version="vmx-19",
        firmware="bios",
        guest_id="ubuntu64Guest",
        guest_name="Ubuntu Linux (64-bit)",
        host_name=f"app-{number}",
        tools="running",
        annotation="",
        managed_by=None,
        fault_tolerance="notConfigured",
        consolidation_needed=False,
        encrypted=False,
        tpm=False,
        passthrough=(),
        snapshots=(),
        custom=(),
        disks=(disk(file=f"[store] app-{number}/app-{number}.vmdk"),),
        nics=(nic(mac=f"00:50:56:00:{number:02x}:00", addresses=(f"10.0.30.{number}/24",)),),
    )
    return replace(plain, **changes)


def segment(name: str = "VLAN 30", **changes: Any) -> Segment:
    plain = Segment(
        moref="dvportgroup-30",
        datacenter="datacenter-1",
        name=name,
        key="dvportgroup-30",
        type="distributed",
        switch="dvs1",
        switch_uuid="50 00",
        tagging="vlan",
        vlan=30,
        hosts=(),
    )
    return replace(plain, **changes)


def discovery(*vms: VirtualMachine, segments: Sequence[Segment] = (segment(),), **changes: Any) -> Discovery:
    center = VCenter(VCENTER, "vcenter:443", "8.0.3", "someone", "2026-11-22T00:00:00+00:00", {})
    return Discovery(
        vcenter=replace(center, **changes),
        entities={entity.moref: entity for entity in ENTITIES},
        segments=tuple(segments),
        custom_fields={7: "owner"},
        tags={},
        vms=vms,
    )


def cloud(**changes: Any) -> Cloud:
    node = f"domain-c1.{VCENTER}"
    plain = Cloud(projects={PROJECT: "shop"}, computes={node: Compute("compute1", node)})
    return replace(plain, **changes)


def rules(*servers: Mapping[str, Any], addresses: AddressBook | None = None, **parts: Any) -> RuleBook:
    """Rules which adopt everything into the project "shop", unless told otherwise."""
    everything = {"rule": "everything", "adopt": True, "project": "shop"}
    document = {"switches": SWITCHES, "servers": [*servers, everything], **parts}
    return RuleBook(Rules.model_validate(document, strict=False), addresses or {})


def examine(
    check: str, *vms: VirtualMachine, others: Sequence[Discovery] = (), of: Cloud | None = None, **parts: Any
) -> list[tuple[str, Finding]]:
    """What one check finds on these VMs: what it is about, and the finding.

    Args:
        others: further discoveries.
        of: the OpenStack.
        parts: "segments" and fields of the vCenter for `discovery`; "book" for the rules.
    """
    assert check in registry()
    book = parts.pop("book", rules())
    openstack = of or cloud()
    discoveries = [discovery(*vms, **parts), *others]
    topology = Topology(discoveries, openstack, book)
    flavors = FlavorBook(openstack)
    proposer = Proposer(openstack, topology, book, flavors)
    subjects = [Subject(item, vm, proposer.propose(item, vm)) for item in discoveries for vm in item.vms]
    servers = [subject.server for subject in subjects]
    context = Context(
        discoveries=discoveries,
        cloud=openstack,
        topology=topology,
        subjects=subjects,
        networks=plan_networks(topology, openstack, book, servers),
        flavors={flavor.flavor: flavor for flavor in flavors.planned(servers)},
    )
    findings = run(context)
    return [(about, item) for about, items in findings.items() for item in items if item.check == check]


def subjects_of(found: Sequence[tuple[str, Finding]]) -> list[str]:
    """Just what the findings are about, VMs by their morefs."""
    return [about.rpartition(":")[2] for about, _ in found]
