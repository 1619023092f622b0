"""ML2 mechanism driver `polyvisor_dvs`: VLAN networks on vSphere Distributed Switches."""

from collections.abc import Collection, Mapping
from functools import partial
from typing import Any

from neutron_lib.api.definitions import portbindings
from neutron_lib.plugins.ml2 import api
from oslo_log import log

from polyvisor.neutron import binding, conf, port_group
from polyvisor.neutron.mech_base import EXPECTED, VMwareMechanismDriver

LOG = log.getLogger(__name__)


class DistributedSwitchDriver(VMwareMechanismDriver):
    """Each network has one distributed port group on each switch that its VMware ports are on."""

    def attach(
        self, compute: conf.Compute, network: Mapping[str, Any], segment: binding.Segment
    ) -> dict[str, Any]:
        """Make sure of the distributed port group.

        Nova takes `dvs_id` and `pg_id` into the backing of the NIC as they are, and looks nothing up.
        """
        ensure = partial(
            port_group.ensure,
            place=_place(compute, segment),
            network=port_group.Network(
                id=network["id"],
                vlan_id=segment[api.SEGMENTATION_ID],
                mtu=network["mtu"],
                deployment_id=self.settings.deployment_id,
            ),
            cluster=compute.cluster,
            timeout=self.settings.bind_deadline,
        )
        switch, group = self.connections[compute.vcenter].run(ensure, deadline=self.settings.bind_deadline)
        return {
            "dvs_id": switch.uuid,
            "pg_id": group.key,
            "dvs_port_group_name": group.name,
            portbindings.VIF_DETAILS_CONNECTIVITY: portbindings.CONNECTIVITY_L2,
            portbindings.CAP_PORT_FILTER: False,
        }

    def detach(self, network_id: str, segments: Collection[binding.Segment]) -> None:
        """Remove the network's port groups, where no NIC is on them, from each switch it may be on."""
        for vcenter, place in self._places(segments):
            remove = partial(
                port_group.remove,
                place=place,
                network_id=network_id,
                deployment_id=self.settings.deployment_id,
                timeout=self.settings.bind_deadline,
            )
            try:
                self.connections[vcenter].run(remove, deadline=self.settings.bind_deadline)
            except EXPECTED as exc:
                LOG.warning(
                    "Deleted network %s may still have a port group on switch %s of vCenter %s: %s",
                    *(network_id, place.switch, vcenter, exc),
                )

    def _places(self, segments: Collection[binding.Segment]) -> set[tuple[str, port_group.Place]]:
        """Each switch that carries one of the segments, with its vCenter."""
        return {
            (compute.vcenter, _place(compute, segment))
            for compute in self.settings.computes.values()
            for segment in binding.vlan_segments(segments, compute.physnet_mappings)
        }


def _place(compute: conf.Compute, segment: binding.Segment) -> port_group.Place:
    return port_group.Place(compute.datacenter, compute.physnet_mappings[segment[api.PHYSICAL_NETWORK]])
