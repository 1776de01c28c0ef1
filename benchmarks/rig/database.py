"""One PostgreSQL for all systems: out of the wheel, durable, a fresh database for each measurement."""

import shutil
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import asyncpg
from waybill_dev.postgres import PostgresServer

from .cpu import cpu_seconds

SETTINGS = {
    "shared_buffers": "512MB",
    "max_connections": "200",
    # Loaded, and idle: only the run that counts statements switches it on for its database.
    "shared_preload_libraries": "pg_stat_statements",
    "pg_stat_statements.track": "none",
}
SUPERUSER = "postgres"
PEER = "peer"
"""The role of the systems that have no roles of their own, so that their statements are told from the bench's."""


class BenchDatabase:
    """The cluster, and the databases of the systems in it."""

    def __init__(self, server: PostgresServer) -> None:
        self.server = server
        server.execute(
            f"DO $$ BEGIN IF to_regrole('{PEER}') IS NULL THEN CREATE ROLE {PEER} LOGIN; END IF; END $$;"
            "CREATE EXTENSION IF NOT EXISTS pg_stat_statements;"
        )

    def cpu_seconds(self) -> float:
        """CPU of the whole cluster so far: backends that have ended, checkpoints, autovacuum."""
        pid = (self.server.cluster.data / "postmaster.pid").read_text().split()[0]
        return cpu_seconds(int(pid))

    def make_template(self, name: str, owner: str, fill: Callable[[str], None]) -> None:
        """A database that `fill`, given its name, brings into the state in which each measurement begins."""
        self.server.execute(
            f"DROP DATABASE IF EXISTS {template(name)};\nCREATE DATABASE {template(name)} OWNER {owner};"
        )
        fill(template(name))

    def refresh(self, name: str, owner: str, fresh: str | None = None) -> str:
        """A new copy of the template, settled on disk; its name, `bench_...` unless given."""
        fresh = fresh or f"bench_{name}"
        self.server.execute(
            f"DROP DATABASE IF EXISTS {fresh} WITH (FORCE);\n"
            f"CREATE DATABASE {fresh} OWNER {owner} TEMPLATE {template(name)};\nCHECKPOINT;"
        )
        return fresh

    def count_statements(self, name: str) -> None:
        """Have the statements of connections to come counted in this database."""
        self.server.execute(f"ALTER DATABASE {name} SET pg_stat_statements.track = 'top'")

    async def connect(self, database: str) -> "asyncpg.Connection[Any]":
        """A connection as superuser."""
        return await asyncpg.connect(self.server.url(SUPERUSER, database))


def template(name: str) -> str:
    """Name of a system's template."""
    return f"template_{name}"


@contextmanager
def bench_database(folder: Path, *, keep: bool = False, left: bool = False) -> Generator[BenchDatabase]:
    """A cluster in `folder`, gone with its data at the end unless it is to be kept. Raises StackError.

    With `left`, it goes on with what an earlier one kept there.
    """
    server = PostgresServer(folder / "postgres", durable=True, settings=SETTINGS)
    data = server.cluster.folder  # elsewhere than asked for, where PostgreSQL's user could not enter
    if not left:
        shutil.rmtree(data, ignore_errors=True)  # of a run that was killed
    try:
        with server:
            yield BenchDatabase(server)
    finally:
        if not keep:
            shutil.rmtree(data, ignore_errors=True)
