"""Table of the port groups that administrators name."""

import sqlalchemy as sa
from alembic import op

revision = "polyvisor_expand_mapping"
down_revision = "polyvisor_expand"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "vmware_portgroup_mappings",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column(
            "network_id", sa.String(36), sa.ForeignKey("networks.id", ondelete="CASCADE"), nullable=False
        ),
        sa.Column("compute_host", sa.String(255), nullable=False),
        sa.Column("port_group", sa.String(255), nullable=False),
        sa.UniqueConstraint(
            "network_id", "compute_host", name="uniq_vmware_portgroup_mappings0network_id0compute_host"
        ),
    )
