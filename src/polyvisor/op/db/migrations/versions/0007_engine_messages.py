"""Reasons of the engine of adoption by their codes, beside their texts."""

import sqlalchemy as sa
from alembic import op

from polyvisor.op.db.base import Json

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.add_column("journal_vm", sa.Column("message", Json, nullable=True))
