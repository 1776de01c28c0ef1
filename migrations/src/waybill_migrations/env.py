"""Alembic's entry: one connection, one transaction for all revisions, bounded waits for locks."""

import asyncio

from alembic import context
from sqlalchemy import Connection, pool, text
from sqlalchemy.ext.asyncio import create_async_engine

from waybill_migrations.schema import metadata

LOCK_SECONDS = 5
"""A migration that cannot get its lock in this time fails and is tried again, rather than pile up the services."""


def _run(connection: Connection) -> None:
    connection.execute(text(f"SET lock_timeout = '{LOCK_SECONDS}s'"))
    connection.commit()
    partitions = set(connection.scalars(text("SELECT relname FROM pg_class WHERE relispartition AND relkind = 'r'")))
    connection.commit()
    context.configure(
        connection=connection,
        target_metadata=metadata,
        compare_server_default=False,
        include_name=lambda name, kind, _parents: kind != "table" or name not in partitions,
    )
    with context.begin_transaction():
        context.run_migrations()


async def _connect_and_run(url: str) -> None:
    engine = create_async_engine(url, poolclass=pool.NullPool, connect_args={"timeout": 5})
    try:
        async with engine.connect() as connection:
            await connection.run_sync(_run)
    finally:
        await engine.dispose()


asyncio.run(_connect_and_run(context.config.attributes["url"]))
