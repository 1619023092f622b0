"""Where the branches start."""

revision = "polyvisor_start"
down_revision = None


def upgrade() -> None:
    """Nothing to do."""
