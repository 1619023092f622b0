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
#: Name of the KVM host, and of the compute service and the agents on it.
KVM_HOST = "kvm1"
