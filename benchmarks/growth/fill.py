"""Databases with tasks in them: finished ones of the last weeks, or waiting ones with their outbox rows."""

import shutil
import time

from waybill_dev.passwords import OWNER

from ..ceilings.postgres import accept_sql, id_prefix, ids_sql
from ..rig.errors import BenchError
from ..systems.system import Bench
from ..systems.waybill import Waybill

DAYS = 28
CHUNK = 500_000
_BYTES_PER_ROW = 900
"""Of a finished task with its attempt and their indexes, and of the log while it is filled, generously."""
_RESULT = (
    """jsonb_build_object('message', 'Processed task ''Quarterly report'' at ' || t.ended || """
    """' with description: Collect the figures of the third quarter', 'processed_at', t.ended)"""
)

# Completed at the first attempt, as most are, evenly over the last weeks; a chunk of them and their attempts.
_FINISHED = """
SET ROLE {owner};
SET synchronous_commit = off;
WITH t AS (
    SELECT (lpad(to_hex(floor(extract(epoch FROM s.at) * 1000)::int8), 12, '0') || '7' || substr(s.h, 1, 3)
              || '8' || substr(s.h, 4, 15))::uuid AS id,
           s.at, s.at + interval '5 milliseconds' AS begun, s.at + interval '9 milliseconds' AS ended
    FROM (SELECT md5(g::text) AS h, timestamptz '{until}' - interval '{days} days' * (1 - g::float8 / {rows}) AS at
          FROM generate_series({first}, {last}) g) s
), stored AS (
    INSERT INTO tasks (id, kind, payload_version, title, description, payload, status, attempt, max_attempts, fence,
                       available_at, claimed_at, created_at, started_at, finished_at, result)
    SELECT t.id, 'note.process', 1, 'Quarterly report', 'Collect the figures of the third quarter',
           '{{"include_description": true, "utc_offset_minutes": 0}}', 'completed', 1, 8, 1,
           t.at, t.begun, t.at, t.begun, t.ended, {result}
    FROM t
    RETURNING id, claimed_at, finished_at
)
INSERT INTO attempts (task_id, fence, attempt, outcome, worker, started_at, finished_at)
SELECT id, 1, 1, 'succeeded', 'bench:1', claimed_at, finished_at FROM stored;
"""


def database_with(bench: Bench, rows: int) -> str:
    """The database with so many finished tasks: filled once, then used again. Empty ones are always new.

    Raises BenchError where the disk has no room.
    """
    name = f"growth_{rows}"
    server = bench.database.server
    if not rows:
        return bench.database.refresh(Waybill().name, OWNER, name)
    if server.execute(f"SELECT count(*) FROM pg_database WHERE datname = '{name}'") == "0":
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
    until, began = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), time.monotonic()
    for first in range(1, rows + 1, CHUNK):
        last = min(rows, first + CHUNK - 1)
        server.execute(finished_sql(until, rows, first, last), database=unfinished)
        bench.tell(f"filling: {last:,} of {rows:,} finished tasks, {time.monotonic() - began:.0f} s")
    # As autovacuum does after so many inserts.
    server.execute("VACUUM (ANALYZE) tasks;\nVACUUM (ANALYZE) attempts;\nCHECKPOINT;", database=unfinished)
    server.execute(f"ALTER DATABASE {unfinished} RENAME TO {name}")
    bench.tell(f"filled: {rows:,} finished tasks in {time.monotonic() - began:.0f} s")


def finished_sql(until: str, rows: int, first: int, last: int) -> str:
    """Store finished tasks number `first` to `last` of `rows`, the last of which came at `until`."""
    return _FINISHED.format(owner=OWNER, result=_RESULT, until=until, days=DAYS, rows=rows, first=first, last=last)


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
