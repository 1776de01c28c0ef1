"""Alembic owns the schema of Waybill, its roles and their grants. No service imports this package."""
