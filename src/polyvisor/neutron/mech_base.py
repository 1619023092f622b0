"""What the VMware mechanism drivers of ML2 have in common.

There is no agent: a port group is all the wiring that a port needs. So configuration says which hosts are
ours, and a port is reported as wired as soon as it is bound.
"""

from collections.abc import Collection, Iterable, Mapping
from functools import partial
from typing import Any, ClassVar

from neutron.db import provisioning_blocks
from neutron_lib import constants, exceptions
from neutron_lib.api.definitions import portbindings
from neutron_lib.callbacks import resources
from neutron_lib.plugins.ml2 import api
from oslo_config import cfg
from oslo_log import log

from polyvisor.neutron import binding, conf
from polyvisor.neutron.connection import connect
from polyvisor.neutron.db import port_group as port_group_table
from polyvisor.neutron.db import provisioning
from polyvisor.neutron.port_group import Network, PortGroups
from polyvisor.neutron.reconcile import reconcilers
from polyvisor.neutron.switch_type import SwitchType
from polyvisor.neutron.worker import ReconcileWorker
from polyvisor.vsphere.faults import VSphereError

LOG = log.getLogger(__name__)

# Nova's name (nova.network.model.VIF_TYPE_DVS), and the only one that its VMware driver takes for a VLAN.
VIF_TYPE_DVS = "dvs"
EXPECTED = (binding.BindingError, conf.ConfigError, VSphereError)
_CAPABILITIES = {
    portbindings.VIF_DETAILS_CONNECTIVITY: portbindings.CONNECTIVITY_L2,
    portbindings.CAP_PORT_FILTER: False,
}


class VMwareMechanismDriver(api.MechanismDriver):
    """Binds ports on the compute hosts that its configuration maps to clusters; lets all others pass."""

    switch_type: ClassVar[type[SwitchType]]

    def initialize(self) -> None:
        """Read the options. Runs in each API, RPC and worker process before it forks, so nothing connects.

        Raises ConfigError.
        """
        self.settings = conf.load(cfg.CONF, cfg.CONF.ml2.mechanism_drivers)
        self.switches = self.switch_type(self.settings)
        self.computes = self.switches.of_type()
        self.name = conf.DRIVER_PREFIX + self.switches.name
        connections = {name: connect(vcenter) for name, vcenter in self.settings.vcenters.items()}
        self.port_groups = PortGroups(self.switches, connections)

    def get_workers(self) -> tuple[ReconcileWorker, ...]:
        """What `neutron-periodic-workers` runs."""
        make = partial(reconcilers, self.switches, connect, self.name)
        return (ReconcileWorker(make, poll=self.settings.pending_poll, name=self.name),)

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
            if (compute := self.computes.get(host))
            and binding.usable_segments(segments, compute.physnet_mappings)
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
            details = self.port_groups.ensure(compute, _network(network, segment))
        except EXPECTED as exc:
            LOG.warning("Port %s is not bound on host %s: %s", port["id"], compute.host, exc)
            return
        if binding.claims_protection(port):
            LOG.warning("Port %s is bound, but its security groups are not enforced on VMware", port["id"])
        context.set_binding(segment[api.ID], VIF_TYPE_DVS, details | _CAPABILITIES, _status(context))

    def create_port_precommit(self, context: Any) -> None:
        """Keep the port from becoming ACTIVE before it is bound."""
        self._block_provisioning(context)

    def update_port_precommit(self, context: Any) -> None:
        """Keep a port that came to another host from becoming ACTIVE before it is bound there.

        Raises InvalidInput where a bound port is given a protection that it could not be bound with.
        """
        self._refuse_new_security_groups(context)
        if context.host != context.original_host:
            self._block_provisioning(context)
        elif self._compute(context) and _became_active(context):
            provisioning_blocks.remove_provisioning_component(
                context.plugin_context,
                context.current["id"],
                resources.PORT,
                provisioning_blocks.L2_AGENT_ENTITY,
            )

    def update_port_postcommit(self, context: Any) -> None:
        """Report a bound port as wired, if its binding has not made it ACTIVE.

        It waits for the DHCP agent then; or the second binding of a live migration has become the active one.
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

    def delete_network_precommit(self, context: Any) -> None:
        """Leave the network's port groups to the reconciler, in the transaction that frees the VLAN."""
        port_group_table.mark_network_deleted(context.plugin_context, context.current["id"])

    def _compute(self, context: Any) -> conf.Compute | None:
        """The compute service that the port is for; None for hosts, and for ports, that are not ours.

        Neutron's own ports (DHCP, routers) are wired by their agents, even on a host of ours.
        """
        if context.current["device_owner"].startswith(constants.DEVICE_OWNER_NETWORK_PREFIX):
            return None
        return self.computes.get(context.host)

    def _refuse_new_security_groups(self, context: Any) -> None:
        is_bound = self._compute(context) and context.vif_type == VIF_TYPE_DVS
        if not is_bound or binding.claims_protection(context.original):
            return
        try:
            binding.check_security_groups(context.current, policy=self.settings.security_groups)
        except binding.BindingError as exc:
            raise exceptions.InvalidInput(error_message=f"port {context.current['id']}: {exc}") from exc

    def _block_provisioning(self, context: Any) -> None:
        if self._compute(context) and context.current["status"] != constants.PORT_STATUS_ACTIVE:
            provisioning_blocks.add_provisioning_component(
                context.plugin_context,
                context.current["id"],
                resources.PORT,
                provisioning_blocks.L2_AGENT_ENTITY,
            )


def _status(context: Any) -> str | None:
    """With what status the port is bound: ACTIVE in the same step, if it waits for nothing else.

    To be told of it afterwards, Neutron reads the port twice and sends all its news of it once more.
    """
    port = context.current
    if not port["admin_state_up"] or provisioning.waits_for_others(context.plugin_context, port["id"]):
        return None
    return str(constants.PORT_STATUS_ACTIVE)


def _became_active(context: Any) -> bool:
    return bool(
        context.current["status"] == constants.PORT_STATUS_ACTIVE
        and context.original["status"] != constants.PORT_STATUS_ACTIVE
    )


def _network(network: Mapping[str, Any], segment: binding.Segment) -> Network:
    return Network(
        id=network["id"],
        physnet=segment[api.PHYSICAL_NETWORK],
        vlan_id=binding.vlan_of(segment),
        mtu=network["mtu"],
    )
