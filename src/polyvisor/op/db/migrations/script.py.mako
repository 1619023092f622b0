"""${message}."""

import sqlalchemy as sa
from alembic import op
${imports if imports else ""}
from polyvisor.op.db.base import Json, UtcDateTime

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    ${upgrades if upgrades else "pass"}
