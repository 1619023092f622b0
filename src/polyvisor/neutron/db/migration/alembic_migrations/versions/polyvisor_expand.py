"""Tables of port groups and leases."""

import sqlalchemy as sa
from alembic import op

revision = "polyvisor_expand"
down_revision = "polyvisor_start"
branch_labels = ("expand",)


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "vmware_portgroups",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("vcenter", sa.String(64), nullable=False),
        sa.Column("switch_type", sa.String(8), nullable=False),
        sa.Column("scope", sa.String(255), nullable=False),
        sa.Column("switch", sa.String(80), nullable=False),
        sa.Column("network_id", sa.String(36), nullable=False),
        sa.Column("vlan_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("key", sa.String(64)),
        sa.Column("moref", sa.String(64)),
        sa.Column("owned", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("unused_since", sa.DateTime()),
        sa.Column("last_error", sa.Text()),
        sa.UniqueConstraint(
            *("vcenter", "switch_type", "scope", "switch", "network_id"),
            name="uniq_vmware_portgroups0site0network",
        ),
    )
    op.create_index("ix_vmware_portgroups_network_id", "vmware_portgroups", ["network_id"])
    op.create_table(
        "vmware_leases",
        sa.Column("vcenter", sa.String(64), primary_key=True),
        sa.Column("switch_type", sa.String(8), primary_key=True),
        sa.Column("holder", sa.String(64), nullable=False),
        sa.Column("generation", sa.BigInteger(), nullable=False),
    )
