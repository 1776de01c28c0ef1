"""A long run at half of what the machine does: what grows, what vacuum does, whether latency stays."""

import time
from typing import Any

from ..measure.trial import POST, Trial, trial
from ..rig.http import send_steadily
from ..rig.summary import percentile
from ..systems.system import Bench
from ..systems.waybill import Waybill
from .fill import database_with
from .loaded import Figures
from .scale import Scale
from .watching import accepted_since, first_id, wait_finished

# Sums over the partitions of each table; a table that is not partitioned is its own.
_STATE = """
WITH parts AS (
    SELECT c.oid, coalesce(i.inhparent, c.oid)::regclass::text AS name
    FROM pg_class c LEFT JOIN pg_inherits i ON i.inhrelid = c.oid
    WHERE c.relkind = 'r' AND coalesce(i.inhparent, c.oid)::regclass::text IN ('tasks', 'attempts', 'outbox')
)
SELECT p.name, sum(pg_table_size(p.oid))::int8 AS table_bytes, sum(pg_indexes_size(p.oid))::int8 AS index_bytes,
       sum(s.n_dead_tup)::int8 AS dead, sum(s.n_live_tup)::int8 AS live, sum(s.n_tup_upd)::int8 AS updates,
       sum(s.n_tup_hot_upd)::int8 AS hot_updates, sum(s.autovacuum_count)::int8 AS autovacuums
FROM parts p JOIN pg_stat_user_tables s ON s.relid = p.oid GROUP BY p.name
"""
_WAL = "SELECT (pg_current_wal_insert_lsn() - '0/0')::int8"
_LATENCIES = """
SELECT extract(epoch FROM created_at)::float8, extract(epoch FROM finished_at - created_at)::float8 * 1000
FROM tasks WHERE id >= $1 AND status = 'completed'
"""


async def measure_half_load(bench: Bench, scale: Scale, per_second: int) -> Figures:
    """Tasks come at a steady rate; the state of the tables, and latency from accept to completion, each few seconds."""
    database = database_with(bench, 0)
    async with trial(bench, Waybill(), "growth", database=database) as running:
        await running.boot_workers()
        first, wal, before = first_id(), await running.connection.fetchval(_WAL), running.read()
        began = time.time()
        samples: list[Figures] = []
        sent = 0
        while (left := scale.half_load_seconds - (time.time() - began)) > scale.sample_seconds / 2:
            # In parts, so that the answers of all the run do not gather in here.
            seconds = min(scale.sample_seconds, left)
            sent += len(await send_steadily(running.site.port, POST, per_second, seconds))
            samples.append({"seconds": time.time() - began, **await _state(running)})
        finished = await wait_finished(running, 60.0)
        used = running.read().since(before)
        wal_bytes = await running.connection.fetchval(_WAL) - wal
        rows: Any = await running.connection.fetch(_LATENCIES, first)
        per_task = 1000 / sent
        return {
            "tasks": sent,
            "accepted": await accepted_since(running, first),
            "never": 0 if finished else 1,
            "seconds": scale.half_load_seconds,
            "wal_bytes": wal_bytes / sent,
            "hot_percent": hot_percent(samples[-1]),
            "autovacuums": sum(value for name, value in samples[-1].items() if name.endswith("_autovacuums")),
            "bytes_per_task": sum(value for name, value in samples[-1].items() if name.endswith("_bytes")) / sent,
            **{f"p{share}_ms": percentile([took for _, took in rows], share) for share in (50, 99)},
            "api_cpu_ms": used.api * per_task,
            "worker_cpu_ms": used.worker * per_task,
            "postgres_cpu_ms": used.postgres * per_task,
            "queue_cpu_ms": used.queue * per_task,
            "machine_cores": used.machine / used.at,
            "samples": with_latencies(samples, began, [tuple(row) for row in rows]),
        }


async def _state(running: Trial) -> Figures:
    rows = await running.connection.fetch(_STATE)
    return {f"{row['name']}_{name}": value for row in rows for name, value in row.items() if name != "name"}


def hot_percent(sample: Figures) -> float | None:
    """The share of updates of tasks that wrote no index entry."""
    return sample["tasks_hot_updates"] / sample["tasks_updates"] * 100 if sample["tasks_updates"] else None


def with_latencies(samples: list[Figures], began: float, rows: list[tuple[float, float]]) -> list[Figures]:
    """The samples, each with the latencies of the tasks that were accepted since the one before."""
    found: list[Figures] = []
    since = 0.0
    for sample in samples:
        took = [took for at, took in rows if since <= at - began < sample["seconds"]]
        found.append({**sample, **{f"p{share}_ms": percentile(took, share) for share in (50, 99)}})
        since = sample["seconds"]
    return found
