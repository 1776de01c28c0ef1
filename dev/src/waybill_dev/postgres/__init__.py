"""PostgreSQL as a process of ours, out of a wheel."""

from waybill_dev.postgres.server import PostgresServer
from waybill_dev.postgres.temporary import temporary_postgres

__all__ = ["PostgresServer", "temporary_postgres"]
