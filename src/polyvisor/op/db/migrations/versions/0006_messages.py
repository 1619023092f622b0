"""Reasons by their codes, beside their texts."""

import sqlalchemy as sa
from alembic import op

from polyvisor.op.db.base import Json

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    for table in ("operation", "operation_step", "project", "inventory_sync"):
        op.add_column(table, sa.Column("message", Json, nullable=True))
    for table in ("cloud", "vcenter"):
        op.add_column(table, sa.Column("health_message", Json, nullable=True))
