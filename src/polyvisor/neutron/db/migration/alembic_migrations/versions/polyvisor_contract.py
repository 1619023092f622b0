"""Where revisions start that need Neutron to be stopped; Neutron's tools expect both branches."""

revision = "polyvisor_contract"
down_revision = "polyvisor_start"
branch_labels = ("contract",)


def upgrade() -> None:
    """Nothing to do."""
