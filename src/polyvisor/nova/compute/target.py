"""Where a live migration brings the VM: decided at the source, from what the destination has said of itself.

The destination that an operator named is in the system metadata of the server.
"""

import re
from dataclasses import asdict, replace
from typing import Any

from nova.context import RequestContext
from nova.objects.instance import Instance
from nova.objects.migrate_data import VMwareLiveMigrateData
from nova.virt.vmwareapi import constants
from oslo_vmware import vim_util as vutil

from polyvisor.nova import destination, errors
from polyvisor.nova.compute.cluster import Cluster
from polyvisor.nova.compute.vif import get_vif_dict
from polyvisor.vsphere.relocation import Move, PortGroup
from polyvisor.vsphere.relocation_rules import decide

EVERY_DATASTORE = ".*"


class Target:
    """Decides it, for servers that leave this cluster.

    Its methods raise `polyvisor.vsphere.refusal.PlacementRefused` and the errors of `Cluster`.
    """

    def __init__(self, cluster: Cluster, session: Any) -> None:
        """Decide for servers of this cluster; `session` is that of Nova's driver."""
        self._cluster = cluster
        self._session = session

    def describe(self) -> VMwareLiveMigrateData:
        """Say, at the destination, what the source has to know of it.

        In Nova's own fields, as nova-conductor knows no others: the cluster as the name of its compute node,
        which says of which vCenter it is.
        """
        pattern = self._cluster.datastore_regex
        return VMwareLiveMigrateData(
            cluster_name=self._cluster.node,
            datastore_regex=pattern.pattern if pattern else EVERY_DATASTORE,
        )

    def decide(self, context: RequestContext, instance: Instance, data: VMwareLiveMigrateData) -> Move:
        """Decide for a host and datastores. Its NICs are not bound there yet."""
        target = self._read(data)
        machine = target.machine(instance.uuid)
        request = destination.read(instance.system_metadata, context.request_id)
        return decide(machine, request, target.ground(machine, here=False))

    def move(self, context: RequestContext, instance: Instance, data: VMwareLiveMigrateData) -> Move:
        """Decide the same, with what Neutron has bound its ports to."""
        move = self.decide(context, instance, data)
        return replace(move, nics=self._connections(instance, data))

    def _read(self, data: VMwareLiveMigrateData) -> Cluster:
        moref, _, vcenter = data.cluster_name.partition(".")
        if vcenter != self._cluster.vcenter_uuid:
            raise errors.OperationRefused(
                reason="live migration is possible only between clusters of one vCenter, whose compute "
                f"services both run Polyvisor's driver; the destination is {data.cluster_name}"
            )
        return Cluster(
            session=self._cluster.session,
            moref=moref,
            name=moref,
            vcenter_uuid=vcenter,
            datastore_regex=re.compile(data.datastore_regex),
        )

    def _connections(self, instance: Instance, data: Any) -> dict[str, dict[str, str | None]]:
        """Give what each NIC is to be connected to: what Neutron has bound its port to at the destination."""
        cluster, _, _ = data.cluster_name.partition(".")
        cluster_ref = vutil.get_moref(cluster, "ClusterComputeResource")
        vifs = [vif.get_dest_vif() for vif in data.vifs] if "vifs" in data else instance.get_network_info()
        return {vif["address"]: asdict(self._port_group(cluster_ref, vif)) for vif in vifs}

    def _port_group(self, cluster_ref: Any, vif: Any) -> PortGroup:
        # The same reading of what a port is bound to as for a new server; any model will do.
        nic = get_vif_dict(self._session, cluster_ref, constants.DEFAULT_VIF_MODEL, vif)
        found = nic["network_ref"]
        if found["type"] == "DistributedVirtualPortgroup":
            return PortGroup(key=found["dvpg"], switch=found["dvsw"])
        return PortGroup(key=found["name"])
