"""vCenters, adoptions with their plans and journals."""

import sqlalchemy as sa
from alembic import op

from polyvisor.op.db.base import Json, UtcDateTime
from polyvisor.op.db.models.resource import NullableJson, Sorted

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "vcenter",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("cloud_id", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("host", sa.String(length=255), nullable=False),
        sa.Column("port", sa.Integer(), nullable=False),
        sa.Column("username", sa.String(length=255), nullable=False),
        sa.Column("credential", sa.Text(), nullable=False),
        sa.Column("ca_certificate", sa.Text(), nullable=True),
        sa.Column("insecure", sa.Boolean(), nullable=False),
        sa.Column("uuid", sa.String(length=64), nullable=False),
        sa.Column("product", sa.String(length=255), nullable=False),
        sa.Column("health", sa.String(length=16), nullable=False),
        sa.Column("health_reason", sa.Text(), nullable=True),
        sa.Column("health_at", UtcDateTime(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["cloud_id"], ["cloud.id"], name=op.f("fk_vcenter_cloud_id_cloud")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_vcenter")),
        sa.UniqueConstraint("name", name=op.f("uq_vcenter_name")),
        sa.UniqueConstraint("cloud_id", "uuid", name=op.f("uq_vcenter_cloud_id_uuid")),
    )
    op.create_index(op.f("ix_vcenter_cloud_id"), "vcenter", ["cloud_id"], unique=False)
    op.create_table(
        "adoption",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("cloud_id", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("vcenters", Json, nullable=False),
        sa.Column("rules", Json, nullable=False),
        sa.Column("addresses", Json, nullable=False),
        sa.Column("journal", sa.String(length=36), nullable=False),
        sa.Column("discovered_at", UtcDateTime(), nullable=True),
        sa.Column("planned_at", UtcDateTime(), nullable=True),
        sa.Column("stale", sa.Boolean(), nullable=False),
        sa.Column("changes", Json, nullable=False),
        sa.Column("verified_at", UtcDateTime(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["cloud_id"], ["cloud.id"], name=op.f("fk_adoption_cloud_id_cloud")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_adoption")),
        sa.UniqueConstraint("name", name=op.f("uq_adoption_name")),
    )
    op.create_index(op.f("ix_adoption_cloud_id"), "adoption", ["cloud_id"], unique=False)
    _add_plan()
    _add_journal()


def _add_plan() -> None:
    op.create_table(
        "adoption_discovery",
        sa.Column("adoption_id", sa.String(length=32), nullable=False),
        sa.Column("vcenter_id", sa.String(length=32), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["adoption_id"],
            ["adoption.id"],
            name=op.f("fk_adoption_discovery_adoption_id_adoption"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("adoption_id", "vcenter_id", name=op.f("pk_adoption_discovery")),
    )
    op.create_table(
        "adoption_document",
        sa.Column("adoption_id", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("key", sa.String(length=512), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("content", Json, nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("path_key", Sorted, nullable=False),
        sa.Column("folder", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("severities", sa.String(length=64), nullable=False),
        sa.Column("checks", sa.Text(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("differences", NullableJson, nullable=True),
        sa.ForeignKeyConstraint(
            ["adoption_id"],
            ["adoption.id"],
            name=op.f("fk_adoption_document_adoption_id_adoption"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("adoption_id", "kind", "key", name=op.f("pk_adoption_document")),
    )
    op.create_index(
        "ix_adoption_document_path", "adoption_document", ["adoption_id", "kind", "path_key", "key"]
    )
    op.create_index("ix_adoption_document_position", "adoption_document", ["adoption_id", "position"])


def _add_journal() -> None:
    op.create_table(
        "journal_thing",
        sa.Column("adoption_id", sa.String(length=32), nullable=False),
        sa.Column("owner", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("key", sa.String(length=512), nullable=False),
        sa.Column("external_id", sa.String(length=255), nullable=True),
        sa.Column("project", sa.String(length=64), nullable=True),
        sa.Column("made", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["adoption_id"], ["adoption.id"], name=op.f("fk_journal_thing_adoption_id_adoption")
        ),
        sa.PrimaryKeyConstraint("adoption_id", "owner", "kind", "key", name=op.f("pk_journal_thing")),
    )
    op.create_index(op.f("ix_journal_thing_external_id"), "journal_thing", ["external_id"])
    op.create_table(
        "journal_vm",
        sa.Column("adoption_id", sa.String(length=32), nullable=False),
        sa.Column("vm", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("details", Json, nullable=False),
        sa.Column("server", sa.String(length=36), nullable=True),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["adoption_id"], ["adoption.id"], name=op.f("fk_journal_vm_adoption_id_adoption")
        ),
        sa.PrimaryKeyConstraint("adoption_id", "vm", name=op.f("pk_journal_vm")),
    )
    op.create_index("ix_journal_vm_state", "journal_vm", ["adoption_id", "state"])
    op.create_index(op.f("ix_journal_vm_server"), "journal_vm", ["server"])
