"""The tables."""

import sqlalchemy as sa
from neutron_lib.db import model_base


class PortGroup(model_base.BASEV2):
    """A port group that a network has on a switch; see `polyvisor.neutron.db.port_group.Row`.

    No foreign key to the network: the row outlives it until the port group is gone.
    """

    __tablename__ = "vmware_portgroups"
    __table_args__ = (
        sa.UniqueConstraint(
            *("vcenter", "switch_type", "scope", "switch", "network_id"),
            name="uniq_vmware_portgroups0site0network",
        ),
        model_base.BASEV2.__table_args__,
    )

    id = sa.Column(sa.Integer, primary_key=True)
    vcenter = sa.Column(sa.String(64), nullable=False)
    switch_type = sa.Column(sa.String(8), nullable=False)
    scope = sa.Column(sa.String(255), nullable=False)
    switch = sa.Column(sa.String(80), nullable=False)
    network_id = sa.Column(sa.String(36), nullable=False, index=True)
    vlan_id = sa.Column(sa.Integer, nullable=False)
    name = sa.Column(sa.String(255), nullable=False)
    key = sa.Column(sa.String(64))
    moref = sa.Column(sa.String(64))
    owned = sa.Column(sa.Boolean, nullable=False)
    state = sa.Column(sa.String(16), nullable=False)
    unused_since = sa.Column(sa.DateTime)
    last_error = sa.Column(sa.Text)


class PortGroupMapping(model_base.BASEV2):
    """A port group that an administrator names for a network; see `polyvisor.neutron.db.mapping.Mapped`."""

    __tablename__ = "vmware_portgroup_mappings"
    __table_args__ = (
        sa.UniqueConstraint(
            "network_id", "compute_host", name="uniq_vmware_portgroup_mappings0network_id0compute_host"
        ),
        model_base.BASEV2.__table_args__,
    )

    id = sa.Column(sa.String(36), primary_key=True)
    network_id = sa.Column(sa.String(36), sa.ForeignKey("networks.id", ondelete="CASCADE"), nullable=False)
    compute_host = sa.Column(sa.String(255), nullable=False)
    port_group = sa.Column(sa.String(255), nullable=False)


class Lease(model_base.BASEV2):
    """Who reconciles a vCenter's switches; see `polyvisor.neutron.db.lease`."""

    __tablename__ = "vmware_leases"

    vcenter = sa.Column(sa.String(64), primary_key=True)
    switch_type = sa.Column(sa.String(8), primary_key=True)
    holder = sa.Column(sa.String(64), nullable=False)
    generation = sa.Column(sa.BigInteger, nullable=False)


TABLES = {PortGroup.__tablename__, PortGroupMapping.__tablename__, Lease.__tablename__}
