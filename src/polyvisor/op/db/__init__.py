"""The store: engine, tables, migrations. SQLite or PostgreSQL."""
