"""What Neutron's own tables say about the networks that our drivers bound ports on."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from neutron.db import models_v2
from neutron.db.models import segment as segment_models
from neutron.plugins.ml2 import models as ml2_models
from neutron_lib.db import api as db_api
from neutron_lib.plugins.ml2 import api

from polyvisor.neutron import binding


@dataclass(frozen=True, slots=True)
class BoundNetwork:
    """A network with a port bound on a compute host, be the binding active or not.

    Attributes:
        vlan_id: 0 for a flat network.
    """

    network_id: str
    host: str
    physnet: str
    vlan_id: int


@db_api.retry_db_errors
def list_bound(
    context: Any, driver: str, hosts: Collection[str], network_id: str | None = None
) -> set[BoundNetwork]:
    """What the mechanism driver bound on these hosts, of all networks or of one.

    Asked of the levels of the bindings, which name driver and segment: a host that another driver serves too,
    or a network of several segments, is not confused.
    """
    level, port, segment = ml2_models.PortBindingLevel, models_v2.Port, segment_models.NetworkSegment
    with db_api.CONTEXT_READER.using(context):
        query = (
            context.session.query(
                *(port.network_id, level.host, segment.network_type),
                *(segment.physical_network, segment.segmentation_id),
            )
            .join(port, port.id == level.port_id)
            .join(segment, segment.id == level.segment_id)
            .filter(level.driver == driver)
            .distinct()
        )
        if network_id is not None:
            query = query.filter(port.network_id == network_id)
        return {_bound(*row) for row in query if row.host in hosts}


@db_api.retry_db_errors
def list_existing(context: Any) -> set[str]:
    """Ids of all networks."""
    with db_api.CONTEXT_READER.using(context):
        return {row.id for row in context.session.query(models_v2.Network.id)}


@db_api.retry_db_errors
def exists(context: Any, network_id: str) -> bool:
    """Whether the network is still there."""
    with db_api.CONTEXT_READER.using(context):
        return context.session.query(models_v2.Network.id).filter_by(id=network_id).first() is not None


def _bound(network_id: str, host: str, kind: str, physnet: str, segmentation_id: int | None) -> BoundNetwork:
    segment = {api.NETWORK_TYPE: kind, api.SEGMENTATION_ID: segmentation_id}
    return BoundNetwork(network_id, host, physnet, binding.vlan_of(segment))
