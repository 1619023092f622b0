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


#: The cinder-volume service, as HOST@BACKEND.
VOLUME_HOST, VOLUME_BACKEND = "volume1", "vcenter"
VOLUME_SERVICE = f"{VOLUME_HOST}@{VOLUME_BACKEND}"
CLUSTERS = (Cluster("cluster1", "compute1"), Cluster("cluster2", "compute2"))


@dataclasses.dataclass(frozen=True)
class OpenStack:
    """One of the sandbox's OpenStacks: what it manages, and how it is told from the other.

    ``kvm_host`` names its KVM host, if it has one, and the compute service and the ``agents`` there.
    """

    name: str
    label: str
    region: str
    clusters: tuple[Cluster, ...]
    kvm_host: str
    agents: tuple[str, ...]

    def named(self, thing: str) -> str:
        """The name of a program, port, password or user of this OpenStack, among those of all."""
        return f"{self.label}-{thing}" if self.label else thing


SWITCH_AGENT = "neutron-openvswitch-agent"
DHCP_AGENT, L3_AGENT, METADATA_AGENT = "neutron-dhcp-agent", "neutron-l3-agent", "neutron-metadata-agent"
#: Over the vCenter, and over a KVM host beside it. Nobody knows of another OpenStack here: no label.
FIRST = OpenStack(
    "vcenter", "", "RegionOne", CLUSTERS, "kvm1", (SWITCH_AGENT, DHCP_AGENT, L3_AGENT, METADATA_AGENT)
)
#: Stock, over a KVM host of its own; nothing of Polyvisor is in it. For the sake of memory, nobody gives its
#: guests addresses and metadata: that is to be seen in the first.
SECOND = OpenStack("kvm", "second", "RegionTwo", (), "kvm2", (SWITCH_AGENT,))
OPENSTACKS = (FIRST, SECOND)
