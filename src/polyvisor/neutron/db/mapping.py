"""Rows of `vmware_portgroup_mappings`: port groups that administrators name for networks."""

from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from neutron_lib.db import api as db_api

from polyvisor.neutron.db import models


@dataclass(frozen=True, slots=True)
class Mapped:
    """A port group that a network has where a compute service builds its servers.

    Attributes:
        compute_host: the `host` option of nova-compute.
        port_group: its name.
    """

    id: str
    network_id: str
    compute_host: str
    port_group: str


@db_api.retry_db_errors
def list_all(context: Any) -> list[Mapped]:
    """All of them."""
    with db_api.CONTEXT_READER.using(context):
        return [_mapped(model) for model in context.session.query(models.PortGroupMapping)]


@db_api.retry_db_errors
def list_of_network(context: Any, network_id: str) -> list[Mapped]:
    """Those of a network."""
    with db_api.CONTEXT_READER.using(context):
        query = context.session.query(models.PortGroupMapping).filter_by(network_id=network_id)
        return [_mapped(model) for model in query]


def create(context: Any, network_id: str, compute_host: str, port_group: str) -> Mapped:
    """Write one down. Not tried again by itself: Neutron's decorator would try a duplicate ten times too.

    Raises:
        oslo_db.exception.DBDuplicateEntry: the network has one for this compute service.
        oslo_db.exception.DBReferenceError: the network was deleted just now.
    """
    made = Mapped(str(uuid4()), network_id, compute_host, port_group)
    with db_api.CONTEXT_WRITER.using(context):
        context.session.add(
            models.PortGroupMapping(
                id=made.id, network_id=network_id, compute_host=compute_host, port_group=port_group
            )
        )
    return made


@db_api.retry_db_errors
def delete(context: Any, mapping_id: str) -> None:
    """Delete it; one that is gone already is no error."""
    with db_api.CONTEXT_WRITER.using(context):
        context.session.query(models.PortGroupMapping).filter_by(id=mapping_id).delete()


def _mapped(model: Any) -> Mapped:
    return Mapped(model.id, model.network_id, model.compute_host, model.port_group)
