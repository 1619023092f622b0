"""The plan: which VM becomes which server, and what has to be there for it.

A plan is made for reading and editing. Its values are facts about vCenter, which `plan` writes anew each
time, and decisions, which people and rules take. Whoever applies one takes the decisions from it, and the
facts from vCenter.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from polyvisor.adoption import said
from polyvisor.adoption.said import Code, Params, Told
from polyvisor.adoption.text import Text, require_printable
from polyvisor.message import Message

Severity = Literal["blocks", "decision", "note"]
State = Literal["ready", "undecided", "blocked", "left out"]

#: Of a VM whose configuration vCenter cannot read; no VM is ever found by it.
NO_UUID: Final = "00000000-0000-0000-0000-000000000000"
_MAC: Final = r"^(([0-9a-f]{2}:){5}[0-9a-f]{2})?$"
_UUID: Final = r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"


def is_uuid(text: str) -> bool:
    """Whether a plan can name a VM by it."""
    return re.match(_UUID, text) is not None and text != NO_UUID


def is_mac(text: str) -> bool:
    """Whether it is a MAC address, in lower case."""
    return bool(text) and re.match(_MAC, text) is not None


def _address(text: str) -> str:
    return str(ip_address(text))


def _cidr(text: str) -> str:
    return str(ip_network(text))


#: What OpenStack takes as a name: 1 to 255 characters, of which none controls a terminal.
Name = Annotated[str, Field(min_length=1, max_length=255), AfterValidator(require_printable)]
Uuid = Annotated[str, Field(pattern=_UUID)]
VmId = Annotated[str, Field(pattern=_UUID[:-1] + r":vm-[0-9]+$")]
Mac = Annotated[str, Field(pattern=_MAC)]
Address = Annotated[str, Field(max_length=45), AfterValidator(_address)]
Cidr = Annotated[str, Field(max_length=49), AfterValidator(_cidr)]
CheckId = Annotated[str, Field(pattern=r"^[a-z0-9-]{1,64}$")]


class _Part(BaseModel):
    """Strict, so that a value of another type is told of, not changed: YAML reads 1e3 as a number."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Finding(_Part):
    """What a check found.

    Attributes:
        check: its id, see the reference.
        item: what of the VM it is about, for example "nic 4000" or "disk 2001".
        code: with `params` what `says` is made of, see `Said`.
    """

    check: CheckId
    severity: Severity
    says: Text
    item: Name | None = None
    code: Code | None = None
    params: Params = {}

    @property
    def message(self) -> Message:
        """What it says, for other languages."""
        return said.message_of(self.says, self.code, self.params)


class Subnet(_Part):
    """A subnet that is there (`id`), or is to be made: without DHCP, and without addresses to give away.

    Attributes:
        because: where it is known from.
    """

    cidr: Cidr
    id: Uuid | None = None
    gateway: Address | None = None
    because: Text = ""


class Network(_Part):
    """A Neutron network that is there (`id`), or is to be made for a VLAN of vCenter.

    Attributes:
        network: name; how servers of this plan refer to it.
        vlan: None for a flat (untagged) network.
        project: name or id of the owner; None: undecided.
        shared_with: projects whose servers are on it too, or ["*"] for all.
        decisions: id of a check -> why its finding is accepted.
        port_groups: fact: "switch/port group" in vCenter.
    """

    kind: Literal["network"] = "network"
    network: Name
    id: Uuid | None = None
    physical_network: Name
    vlan: Annotated[int, Field(ge=1, le=4094)] | None
    project: Name | None = None
    shared_with: tuple[Name, ...] = ()
    subnets: tuple[Subnet, ...] = ()
    decisions: Mapping[CheckId, Text] = {}
    port_groups: tuple[Name, ...] = ()
    findings: tuple[Finding, ...] = ()


class Flavor(_Part):
    """A flavor that is there (`id`), or a private one of the shape of VMs.

    Attributes:
        flavor: name; how servers of this plan refer to it.
        projects: that get access to one that is to be made.
    """

    kind: Literal["flavor"] = "flavor"
    flavor: Name
    id: Name | None = None
    vcpus: Annotated[int, Field(ge=1, le=4096)]
    ram_mb: Annotated[int, Field(ge=1, le=2**26)]
    disk_gb: Annotated[int, Field(ge=0, le=2**20)]
    projects: tuple[Name, ...] = ()


class Port(_Part):
    """A NIC, and the port that it gets.

    Attributes:
        nic: key of the device.
        mac: empty if vCenter has not given the NIC one yet; undecided then.
        network: name of a network of the plan; None: there is none, see the findings.
        leave: the NIC stays with vCenter alone, and gets no port.
        addresses: fixed IPs; an empty list: a port without; None: not known, hence undecided.
        because: where the addresses are known from.
    """

    nic: int
    mac: Mac
    network: Name | None
    addresses: tuple[Address, ...] | None
    leave: bool = False
    because: Text = ""

    @property
    def made(self) -> bool:
        """Whether there will be a port of Neutron."""
        return self.network is not None and not self.leave


class Volume(_Part):
    """A data disk.

    Attributes:
        disk: key of the device.
        take: it becomes a volume; else it stays part of the server.
        volume: name of the volume.
        size_gb: rounded up, as Cinder counts.
        because: why it stays, or who said so.
    """

    disk: int
    take: bool
    volume: Name
    size_gb: Annotated[int, Field(ge=1)]
    type: Name | None = None
    because: Text = ""


class VmFacts(_Part):
    """What vCenter says of the VM: to read, and to see changes by. Never acted upon."""

    path: Text
    instance_uuid: Text
    cluster: Text
    power: Text
    guest: Text
    tools: Text
    vcpus: int
    memory_mb: int
    nics: tuple[Text, ...] = ()
    disks: tuple[Text, ...] = ()
    snapshots: tuple[Text, ...] = ()


class Server(_Part):
    """A VM, and the server that it becomes.

    Attributes:
        server: name of the server.
        id: "<instance UUID of the vCenter>:<moref>".
        instance_uuid: of the VM as discovered. A moref alone is a guess: vCenter is asked before anything is
            done.
        adopt: None: undecided.
        project: name or id; None: undecided.
        flavor: name of a flavor of the plan.
        compute: host name of the nova-compute service that manages the VM's cluster.
        decisions: id of a check -> why its finding is accepted.
        because: rules that filled it.
    """

    kind: Literal["server"] = "server"
    server: Name
    id: VmId
    instance_uuid: Uuid
    adopt: bool | None = None
    project: Name | None = None
    flavor: Name | None = None
    compute: Name | None = None
    ports: tuple[Port, ...] = ()
    volumes: tuple[Volume, ...] = ()
    decisions: Mapping[CheckId, Text] = {}
    because: Text = ""
    vm: VmFacts
    findings: tuple[Finding, ...] = ()
    state: State = "undecided"
    undecided: tuple[Told, ...] = ()

    @property
    def made_ports(self) -> tuple[Port, ...]:
        """Those that will be ports of Neutron."""
        return tuple(port for port in self.ports if port.made)

    @property
    def waits(self) -> list[str]:
        """What is undecided, as texts."""
        return [one.says for one in self.undecided]

    @property
    def vcenter(self) -> str:
        """Instance UUID of the vCenter."""
        return self.id.partition(":")[0]

    @property
    def moref(self) -> str:
        """Of the VM in its vCenter."""
        return self.id.partition(":")[2]


class Header(_Part):
    """What the plan was made from.

    Attributes:
        vcenters: instance UUID -> address.
        discovered: instance UUID -> when, ISO 8601.
        findings: that concern a whole vCenter.
    """

    kind: Literal["plan"] = "plan"
    version: Literal[1] = 1
    vcenters: Mapping[Uuid, Name]
    discovered: Mapping[Uuid, Name]
    findings: tuple[Finding, ...] = ()


Document = Annotated[Header | Network | Flavor | Server, Field(discriminator="kind")]


@dataclass(frozen=True)
class Plan:
    """Documents in the order in which they are applied: networks with their subnets, flavors, servers.

    A server stands for its ports, its volumes and itself, in that order.
    """

    header: Header
    networks: Sequence[Network] = ()
    flavors: Sequence[Flavor] = ()
    servers: Sequence[Server] = field(default=(), repr=False)

    @property
    def documents(self) -> Iterator[Any]:
        """All of them, in order."""
        yield self.header
        yield from self.networks
        yield from self.flavors
        yield from self.servers

    def place(self, server: Server) -> str:
        """Path of the VM, with its vCenter where the plan has several: each can have the same paths."""
        several = len(self.header.vcenters) > 1
        return (self.header.vcenters[server.vcenter] if several else "") + server.vm.path

    def ready(self) -> Iterator[Server]:
        """The servers that can be adopted; all others are left alone."""
        return (server for server in self.servers if server.state == "ready")
