"""Alembic branch of the drivers' tables; `neutron-db-manage upgrade heads` runs it beside Neutron's own."""
