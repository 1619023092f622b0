"""Names of what is managed, with which the services are configured."""

from __future__ import annotations

import dataclasses

DATACENTER = "dc1"
USERNAME = "administrator@vsphere.local"


@dataclasses.dataclass(frozen=True)
class Cluster:
    """A vCenter cluster and the nova-compute service that manages it."""

    name: str
    compute: str


#: Where cinder-volume runs, with a backend for each vCenter.
VOLUME_HOST = "volume1"


@dataclasses.dataclass(frozen=True)
class VCenter:
    """A vCenter, and what of it is managed.

    ``name`` is that of its program, port, password, Neutron section, and backend of Cinder. ``number`` counts
    from 0, and has all that must differ between two vCenters differ: UUIDs, MAC and IP addresses.
    """

    name: str
    number: int
    clusters: tuple[Cluster, ...]
    volume_type: str

    @property
    def volume_service(self) -> str:
        """Its cinder-volume, as HOST@BACKEND."""
        return f"{VOLUME_HOST}@{self.name}"


CLUSTERS = (Cluster("cluster1", "compute1"), Cluster("cluster2", "compute2"))
FIRST_VCENTER = VCenter("vcenter", 0, CLUSTERS, "vmware")
#: Its clusters, hosts, datastores and VMs have the names and morefs of the first one's. For the sake of
#: memory, one of the clusters is managed.
SECOND_VCENTER = VCenter("vcenter2", 1, (Cluster("cluster1", "compute3"),), "vmware2")
VCENTERS = (FIRST_VCENTER, SECOND_VCENTER)


@dataclasses.dataclass(frozen=True)
class OpenStack:
    """One of the sandbox's OpenStacks: what it manages, and how it is told from the other.

    ``vcenters`` are those that it can have. ``kvm_host`` names its KVM host, if it has one, and the compute
    service and the ``agents`` there.
    """

    name: str
    label: str
    region: str
    vcenters: tuple[VCenter, ...]
    kvm_host: str
    agents: tuple[str, ...]

    def named(self, thing: str) -> str:
        """The name of a program, port, password or user of this OpenStack, among those of all."""
        return f"{self.label}-{thing}" if self.label else thing


SWITCH_AGENT = "neutron-openvswitch-agent"
DHCP_AGENT, L3_AGENT, METADATA_AGENT = "neutron-dhcp-agent", "neutron-l3-agent", "neutron-metadata-agent"
#: Over the vCenter, and over a KVM host beside it. Nobody knows of another OpenStack here: no label.
FIRST = OpenStack(
    "vcenter", "", "RegionOne", VCENTERS, "kvm1", (SWITCH_AGENT, DHCP_AGENT, L3_AGENT, METADATA_AGENT)
)
#: Stock, over a KVM host of its own; nothing of Polyvisor is in it. For the sake of memory, nobody gives its
#: guests addresses and metadata: that is to be seen in the first.
SECOND = OpenStack("kvm", "second", "RegionTwo", (), "kvm2", (SWITCH_AGENT,))
OPENSTACKS = (FIRST, SECOND)
