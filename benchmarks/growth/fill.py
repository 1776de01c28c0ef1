"""Databases with tasks in them: finished ones of the last weeks, or waiting ones with their outbox rows."""

import shutil
import time

from waybill_dev.passwords import OWNER

from ..ceilings.postgres import accept_sql, id_prefix, ids_sql, work_sql
from ..rig.errors import BenchError
from ..systems.system import Bench
from ..systems.waybill import Waybill

DAYS = 28
CHUNK = 50_000
BATCH = 200
_BYTES_PER_ROW = 1100
"""Of a finished task with its attempt and their indexes, and of the log while it is filled, generously."""
_UNFINISHED = """
SELECT EXISTS (SELECT FROM outbox) OR EXISTS (SELECT FROM tasks WHERE tenant = 'default' AND finished_at IS NULL)
"""


def database_with(bench: Bench, rows: int) -> str:
    """The database with so many finished tasks: filled once, then used again. Empty ones are always new.

    One in which a broken-off run left unfinished tasks is filled anew: their messages are gone with that run's queue.
    Raises BenchError where the disk has no room.
    """
    name = f"growth_{rows}"
    server = bench.database.server
    if not rows:
        return bench.database.refresh(Waybill().name, OWNER, name)
    if server.execute(f"SELECT count(*) FROM pg_database WHERE datname = '{name}'") == "0":
        _fill(bench, name, rows)
    elif server.execute(_UNFINISHED, database=name) == "t":
        bench.tell(f"a run that was broken off left unfinished tasks in {name}: filling it anew")
        server.execute(f"DROP DATABASE {name}")
        _fill(bench, name, rows)
    server.execute("CHECKPOINT")
    return name


def _fill(bench: Bench, name: str, rows: int) -> None:
    free = shutil.disk_usage(bench.database.server.cluster.folder).free
    if free < rows * _BYTES_PER_ROW * 2:
        raise BenchError(
            f"{rows:,} rows need {rows * _BYTES_PER_ROW * 2 / 1e9:.0f} GB and {free / 1e9:.0f} GB are free"
        )
    server = bench.database.server
    unfinished = bench.database.refresh(Waybill().name, OWNER, f"{name}_unfinished")
    until, began = time.time(), time.monotonic()
    for first in range(0, rows, CHUNK):
        end = min(rows, first + CHUNK)
        server.execute(finished_sql(until, rows, range(first, end)), database=unfinished)
        bench.tell(f"filling: {end:,} of {rows:,} finished tasks, {time.monotonic() - began:.0f} s")
    # As autovacuum does after so many inserts.
    server.execute("VACUUM (ANALYZE) tasks;\nVACUUM (ANALYZE) attempts;\nCHECKPOINT;", database=unfinished)
    server.execute(f"ALTER DATABASE {unfinished} RENAME TO {name}")
    bench.tell(f"filled: {rows:,} finished tasks in {time.monotonic() - began:.0f} s")


def finished_sql(until: float, rows: int, numbers: range) -> str:
    """Accept, claim and complete these of `rows` tasks; the ids of all are spread evenly over the days up to `until`.

    By the services' own statements, so that pages are as full, and as empty, as work leaves them.
    """
    statements = [f"SET ROLE {OWNER}", "SET synchronous_commit = off"]
    for first in numbers[::BATCH]:
        size = min(BATCH, numbers.stop - first)
        ids = ids_sql(str(first), size, id_prefix(until - DAYS * 86_400 * (1 - first / rows)))
        statements += [accept_sql(ids, size), "DELETE FROM outbox", *work_sql(ids, size)]
    return ";\n".join(statements) + ";"


def accept_waiting(bench: Bench, database: str, number: int, *, announced: bool) -> None:
    """Accept so many tasks in SQL; with their outbox rows, or as if their messages had been sent."""
    prefix = id_prefix()
    statements = ["SET synchronous_commit = off"]
    for first in range(0, number, 10_000):
        size = min(10_000, number - first)
        statements.append(accept_sql(ids_sql(str(first), size, prefix), size))
    if not announced:
        statements.append("TRUNCATE outbox")
    bench.database.server.execute(";\n".join([*statements, "ANALYZE", "CHECKPOINT"]) + ";", database=database)
