"""What the VMware mechanism drivers of ML2 have in common.

There is no agent: a port group is all the wiring that a port needs. So configuration says which hosts are
ours, and a port is reported as wired as soon as it is bound.
"""

import abc
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from neutron.db import provisioning_blocks
from neutron_lib import constants
from neutron_lib.api.definitions import portbindings
from neutron_lib.callbacks import resources
from neutron_lib.plugins.ml2 import api
from oslo_config import cfg
from oslo_log import log

from polyvisor.neutron import binding, conf
from polyvisor.neutron.connection import Connection
from polyvisor.vsphere.faults import VSphereError

LOG = log.getLogger(__name__)

# Nova's name (nova.network.model.VIF_TYPE_DVS), and the only one that its VMware driver takes for a VLAN.
VIF_TYPE_DVS = "dvs"
EXPECTED = (binding.BindingError, conf.ConfigError, VSphereError)


class VMwareMechanismDriver(api.MechanismDriver, abc.ABC):
    """Binds ports on the compute hosts that its configuration maps to clusters; lets all others pass."""

    def initialize(self) -> None:
        """Read the options. Runs in each API, RPC and worker process before it forks, so nothing connects.

        Raises ConfigError.
        """
        self.settings = conf.load(cfg.CONF)
        self.connections = {name: Connection(vcenter) for name, vcenter in self.settings.vcenters.items()}

    @abc.abstractmethod
    def attach(
        self, compute: conf.Compute, network: Mapping[str, Any], segment: binding.Segment
    ) -> dict[str, Any]:
        """Make sure of the port group for the segment, and give the `vif_details` that lead Nova to it.

        Raises one of EXPECTED.
        """

    @abc.abstractmethod
    def detach(self, network_id: str, segments: Collection[binding.Segment]) -> None:
        """Let go of the port groups of a deleted network. Never raises one of EXPECTED."""

    @property
    def connectivity(self) -> str:
        """Layer 2: a port needs no IP address to be bound."""
        return portbindings.CONNECTIVITY_L2

    def filter_hosts_with_segment_access(
        self,
        context: Any,  # noqa: ARG002 - ML2's signature
        segments: Iterable[binding.Segment],
        candidate_hosts: Collection[str],
        agent_getter: Any,  # noqa: ARG002 - ML2's signature
    ) -> set[str]:
        """Those of the candidates which are compute hosts of ours and carry one of the segments."""
        return {
            host
            for host in candidate_hosts
            if (compute := self.settings.computes.get(host))
            and binding.vlan_segments(segments, compute.physnet_mappings)
        }

    def bind_port(self, context: Any) -> None:
        """Bind the port to its network's port group; decline, and log why, when that cannot be."""
        compute = self._compute(context)
        if compute is None:
            return
        port, network = context.current, context.network.current
        try:
            binding.check_port(port, security_groups=self.settings.security_groups)
            binding.check_network(network)
            segment = binding.choose_segment(context.segments_to_bind, compute.physnet_mappings)
            details = self.attach(compute, network, segment)
        except EXPECTED as exc:
            LOG.warning("Port %s is not bound on host %s: %s", port["id"], compute.host, exc)
            return
        if port["security_groups"]:
            LOG.warning("Port %s is bound, but its security groups are not enforced on VMware", port["id"])
        context.set_binding(segment[api.ID], VIF_TYPE_DVS, details)

    def create_port_precommit(self, context: Any) -> None:
        """Keep the port from becoming ACTIVE before it is bound."""
        self._block_provisioning(context)

    def update_port_precommit(self, context: Any) -> None:
        """Keep a port that came to another host from becoming ACTIVE before it is bound there."""
        if context.host != context.original_host:
            self._block_provisioning(context)

    def update_port_postcommit(self, context: Any) -> None:
        """Report a bound port as wired.

        Not by the status argument of `set_binding`: that would skip the DHCP agent's part, and leave the port
        DOWN when the second binding of a live migration becomes the active one.
        """
        if not self._compute(context) or context.vif_type != VIF_TYPE_DVS:
            return
        if context.current["status"] == constants.PORT_STATUS_DOWN:
            provisioning_blocks.provisioning_complete(
                context.plugin_context,
                context.current["id"],
                resources.PORT,
                provisioning_blocks.L2_AGENT_ENTITY,
            )

    def delete_network_postcommit(self, context: Any) -> None:
        """Let go of the network's port groups. Its deletion stands, whatever vCenter says."""
        self.detach(context.current["id"], context.network_segments)

    def _compute(self, context: Any) -> conf.Compute | None:
        """The compute service that the port is for; None for hosts, and for ports, that are not ours.

        Neutron's own ports (DHCP, routers) are wired by their agents, even on a host of ours.
        """
        if context.current["device_owner"].startswith(constants.DEVICE_OWNER_NETWORK_PREFIX):
            return None
        return self.settings.computes.get(context.host)

    def _block_provisioning(self, context: Any) -> None:
        if self._compute(context) and context.current["status"] != constants.PORT_STATUS_ACTIVE:
            provisioning_blocks.add_provisioning_component(
                context.plugin_context,
                context.current["id"],
                resources.PORT,
                provisioning_blocks.L2_AGENT_ENTITY,
            )
