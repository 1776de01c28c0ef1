"""What the relay's looks for lost leases and lost messages cost, by the number of live tasks."""

import statistics
import time

import asyncpg
from waybill_api.store.rescue import COUNT_EXPECTED, REAP

from ..systems.system import Bench
from .fill import accept_waiting, database_with
from .loaded import Figures
from .scale import Scale

REAP_EVERY_SECONDS = 5.0
COUNT_EVERY_SECONDS = 30.0


async def measure_looks(bench: Bench, scale: Scale, live: int) -> Figures:
    """Milliseconds of each look in the relay's role, and the share of a core that they come to."""
    database = database_with(bench, 0)
    accept_waiting(bench, database, live, announced=False)
    connection = await asyncpg.connect(bench.database.server.url("waybill_relay", database))
    try:
        reap = await _milliseconds(connection, scale.looks, REAP, 1000, "{}")
        count = await _milliseconds(connection, scale.looks, COUNT_EXPECTED)
    finally:
        await connection.close()
    percent = (reap / REAP_EVERY_SECONDS + count / COUNT_EVERY_SECONDS) / 10
    return {"reap_ms": reap, "count_expected_ms": count, "core_percent": percent}


async def _milliseconds(connection: asyncpg.Connection, times: int, statement: str, *values: object) -> float:
    took: list[float] = []
    for _ in range(times + 1):
        began = time.perf_counter()
        await connection.fetch(statement, *values)
        took.append((time.perf_counter() - began) * 1000)
    return statistics.median(took[1:])
