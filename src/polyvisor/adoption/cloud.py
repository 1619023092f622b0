"""What OpenStack has already, as far as adoption compares with it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network


@dataclass(frozen=True, slots=True)
class CloudServer:
    """A server of Nova. `node` is the hypervisor host name: of a VMware cluster "moref.vCenter UUID"."""

    id: str
    name: str
    project: str
    node: str | None


@dataclass(frozen=True, slots=True)
class CloudPort:
    """A port of Neutron; addresses as Neutron writes them."""

    id: str
    mac: str
    network: str
    addresses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CloudSubnet:
    """A subnet; `pools` are first and last address of each allocation pool."""

    id: str
    network: str
    cidr: str
    gateway: str | None
    pools: tuple[tuple[str, str], ...]

    def contains(self, address: str) -> bool:
        """Whether the address is of this subnet."""
        return ip_address(address) in ip_network(self.cidr)

    def pooled(self, address: str) -> bool:
        """Whether Neutron could give this address away by itself."""
        wanted = ip_address(address)
        return any(int(ip_address(low)) <= int(wanted) <= int(ip_address(high)) for low, high in self.pools)


@dataclass(frozen=True, slots=True)
class CloudNetwork:
    """A network and where it is on the wire; `type` is vlan, flat, vxlan and so on, None if it may not be
    seen."""

    id: str
    name: str
    project: str
    shared: bool
    type: str | None
    physical_network: str | None
    vlan: int | None


@dataclass(frozen=True, slots=True)
class CloudFlavor:
    """A flavor; `plain` if it asks for nothing but vCPUs, memory and a root disk."""

    id: str
    name: str
    vcpus: int
    ram_mb: int
    disk_gb: int
    public: bool
    plain: bool


@dataclass(frozen=True, slots=True)
class Room:
    """How much more of something can be had; None: without a limit."""

    instances: int | None = None
    cores: int | None = None
    ram_mb: int | None = None
    ports: int | None = None
    volumes: int | None = None
    gigabytes: int | None = None


@dataclass(frozen=True, slots=True)
class Switch:
    """By what a compute service reaches a physical network; `type` as that of a `Segment`."""

    name: str
    type: str


@dataclass(frozen=True, slots=True)
class Compute:
    """A nova-compute service with a cluster, and what Placement still has of it (None: does not say)."""

    host: str
    node: str
    vcpus: int | None = None
    memory_mb: int | None = None


@dataclass(frozen=True)
class Cloud:
    """What OpenStack has. The empty one stands for "not asked".

    Attributes:
        projects: id -> name.
        computes: "moref.vCenter UUID" of a cluster -> its compute service.
        switches: host of a compute service -> physical network -> switch. Empty if Neutron does not say.
        rooms: id of a project -> what its quotas leave.
    """

    projects: Mapping[str, str] = field(default_factory=dict)
    servers: tuple[CloudServer, ...] = ()
    ports: tuple[CloudPort, ...] = ()
    networks: tuple[CloudNetwork, ...] = ()
    subnets: tuple[CloudSubnet, ...] = ()
    flavors: tuple[CloudFlavor, ...] = ()
    computes: Mapping[str, Compute] = field(default_factory=dict)
    switches: Mapping[str, Mapping[str, Switch]] = field(default_factory=dict)
    rooms: Mapping[str, Room] = field(default_factory=dict)

    @property
    def asked(self) -> bool:
        """Whether this is of a real cloud: every one has a project."""
        return bool(self.projects)

    def project_id(self, project: str) -> str | None:
        """Id of a project by name or id; None if there is none, or several have the name."""
        if project in self.projects:
            return project
        found = [key for key, name in self.projects.items() if name == project]
        return found[0] if len(found) == 1 else None
