"""What clouds have, how far reading them is, what browsers are told, and saved filters."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from polyvisor.op.db.base import Json, UtcDateTime

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_NULLABLE_JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")
_SORTED = sa.String(length=255).with_variant(sa.String(length=255, collation="C"), "postgresql")

#: Of resources that are there.
_INDEXES = {
    "any": ["name_key", "id", "kind", "cloud_id", "tenant_id", "status", "shared"],
    "cloud": ["cloud_id", "kind", "name_key", "id", "tenant_id", "status", "shared"],
    "created": ["kind", "created_at", "id", "cloud_id", "tenant_id", "status", "shared"],
    "name": ["kind", "name_key", "id", "cloud_id", "tenant_id", "status", "shared"],
    "network": ["network_id", "kind", "name_key", "id", "cloud_id", "tenant_id", "shared"],
    "place": ["place_id", "kind", "name_key", "id", "cloud_id", "tenant_id"],
    "project": ["cloud_id", "project_id", "kind", "name_key", "id", "tenant_id"],
    "server": ["server_id", "kind", "name_key", "id"],
    "status": ["kind", "status", "name_key", "id", "cloud_id", "tenant_id", "shared"],
    "store": ["store_id", "kind", "name_key", "id", "cloud_id", "tenant_id"],
    "tenant": ["tenant_id", "kind", "name_key", "id", "cloud_id", "status"],
}
_NOTE = "INSERT INTO resource_text(rowid, words) VALUES (new.number, new.words)"
_FORGET = "INSERT INTO resource_text(resource_text, rowid, words) VALUES ('delete', old.number, old.words)"
#: Parts of words are found by their trigrams.
_SEARCH = {
    "sqlite": [
        "CREATE VIRTUAL TABLE resource_text USING fts5("
        "words, content='resource', content_rowid='number', tokenize='trigram')",
        f"CREATE TRIGGER resource_text_insert AFTER INSERT ON resource BEGIN {_NOTE}; END",
        f"CREATE TRIGGER resource_text_delete AFTER DELETE ON resource BEGIN {_FORGET}; END",
        "CREATE TRIGGER resource_text_update AFTER UPDATE ON resource WHEN old.words <> new.words BEGIN "
        f"{_FORGET}; {_NOTE}; END",
    ],
    "postgresql": [
        "CREATE EXTENSION IF NOT EXISTS pg_trgm",
        "CREATE INDEX ix_resource_words ON resource USING gin (words gin_trgm_ops) WHERE gone_at IS NULL",
    ],
}


def upgrade() -> None:
    """Apply."""
    _events()
    _syncs()
    _resources()
    _tags()
    _filters()
    for statement in _SEARCH[op.get_bind().dialect.name]:
        op.execute(statement)


def _events() -> None:
    op.create_table(
        "event",
        sa.Column("id", _NUMBER, autoincrement=True, nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("type", sa.String(length=24), nullable=False),
        sa.Column("data", Json, nullable=False),
        sa.Column("cloud_id", sa.String(length=32), nullable=True),
        sa.Column("tenant_id", sa.String(length=32), nullable=True),
        sa.Column("user_id", sa.String(length=32), nullable=True),
        sa.ForeignKeyConstraint(
            ["cloud_id"], ["cloud.id"], name=op.f("fk_event_cloud_id_cloud"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenant.id"], name=op.f("fk_event_tenant_id_tenant"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user_account.id"], name=op.f("fk_event_user_id_user_account"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_event")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("event", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_event_at"), ["at"], unique=False)


def _syncs() -> None:
    op.create_table(
        "inventory_sync",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("cloud_id", sa.String(length=32), nullable=False),
        sa.Column("reader", sa.String(length=24), nullable=False),
        sa.Column("due", UtcDateTime(), nullable=False),
        sa.Column("full_due", UtcDateTime(), nullable=False),
        sa.Column("since", UtcDateTime(), nullable=True),
        sa.Column("holder", sa.String(length=32), nullable=True),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("read_at", UtcDateTime(), nullable=True),
        sa.Column("seconds", sa.Float(), nullable=True),
        sa.ForeignKeyConstraint(
            ["cloud_id"], ["cloud.id"], name=op.f("fk_inventory_sync_cloud_id_cloud"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inventory_sync")),
        sa.UniqueConstraint("cloud_id", "reader", name=op.f("uq_inventory_sync_cloud_id_reader")),
    )
    with op.batch_alter_table("inventory_sync", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_inventory_sync_due"), ["due"], unique=False)


def _resources() -> None:
    op.create_table(
        "resource",
        sa.Column("number", _NUMBER, autoincrement=True, nullable=False),
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("cloud_id", sa.String(length=32), nullable=False),
        sa.Column("external_id", sa.String(length=255), nullable=False),
        sa.Column("project_id", sa.String(length=64), nullable=True),
        sa.Column("tenant_id", sa.String(length=32), nullable=True),
        sa.Column("shared", sa.Boolean(), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("name_key", _SORTED, nullable=False),
        sa.Column("status", sa.String(length=64), nullable=False),
        sa.Column("place_id", sa.String(length=32), nullable=True),
        sa.Column("store_id", sa.String(length=32), nullable=True),
        sa.Column("network_id", sa.String(length=32), nullable=True),
        sa.Column("server_id", sa.String(length=32), nullable=True),
        sa.Column("place_hint", sa.String(length=32), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.Column("attributes", Json, nullable=False),
        sa.Column("placement", _NULLABLE_JSON, nullable=True),
        sa.Column("tags", Json, nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("digest", sa.String(length=40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("seen_at", UtcDateTime(), nullable=False),
        sa.Column("gone_at", UtcDateTime(), nullable=True),
        sa.Column("look_due", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["cloud_id"], ["cloud.id"], name=op.f("fk_resource_cloud_id_cloud"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenant.id"], name=op.f("fk_resource_tenant_id_tenant"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_resource")),
        sa.UniqueConstraint(
            "cloud_id", "kind", "external_id", name=op.f("uq_resource_cloud_id_kind_external_id")
        ),
        sa.UniqueConstraint("id", name=op.f("uq_resource_id")),
    )
    for name, columns in _INDEXES.items():
        _index(name, columns, "gone_at IS NULL")
    _index("look_due", ["cloud_id", "look_due"], "look_due IS NOT NULL")
    with op.batch_alter_table("resource", schema=None) as batch_op:
        batch_op.create_index("ix_resource_gone_at", ["gone_at"], unique=False)


def _index(name: str, columns: list[str], condition: str) -> None:
    where = sa.text(condition)
    with op.batch_alter_table("resource", schema=None) as batch_op:
        batch_op.create_index(
            f"ix_resource_{name}", columns, unique=False, sqlite_where=where, postgresql_where=where
        )


def _tags() -> None:
    op.create_table(
        "resource_tag",
        sa.Column("resource_id", sa.String(length=32), nullable=False),
        sa.Column("tag", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["resource_id"],
            ["resource.id"],
            name=op.f("fk_resource_tag_resource_id_resource"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("resource_id", "tag", name=op.f("pk_resource_tag")),
    )
    with op.batch_alter_table("resource_tag", schema=None) as batch_op:
        batch_op.create_index("ix_resource_tag_tag", ["tag", "resource_id"], unique=False)


def _filters() -> None:
    op.create_table(
        "saved_filter",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("user_id", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("query", Json, nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["user_account.id"],
            name=op.f("fk_saved_filter_user_id_user_account"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_filter")),
        sa.UniqueConstraint("user_id", "name", name=op.f("uq_saved_filter_user_id_name")),
    )
