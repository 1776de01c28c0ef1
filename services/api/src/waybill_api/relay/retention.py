"""Retention: partitions for the time ahead are made, those that are old and finished are dropped."""

import asyncio
import random

import structlog
from waybill_runtime.telemetry import describe

from ..store.faults import DatabaseFault
from ..store.partitions import Partitions

PASS_SECONDS = 3600.0
RETRY_SECONDS = 60.0
DAYS_FOR_EVER = 91
"""Of a partition where nothing is ever dropped."""
AHEAD_DAYS = (3, 28)
"""At least, at most. What comes when relays were away for longer goes to the default partition."""
EXPECTED = ("made", "replaced", "dropped", "deleted")

log = structlog.get_logger()


def partition_days(keep_days: int | None) -> int:
    """Half of what is kept: each statement pays for every partition, and a task stays up to that much longer."""
    return DAYS_FOR_EVER if keep_days is None else max(1, min(DAYS_FOR_EVER, keep_days // 2))


async def keep_partitions(partitions: Partitions, keep_days: int | None) -> None:
    """Look at once and each hour; after a failure in a minute. Never ends, and no failure leaves it."""
    failures = 0
    while True:
        try:
            await look(partitions, keep_days)
            failures = 0
        except DatabaseFault as error:  # away, busy, or not migrated yet: accepting goes on without
            failures += 1
            if failures == 1 or failures % 60 == 0:
                log.warning("partitions.failing", failures=failures, error=describe(error))
        except Exception:
            # Nobody foresaw it, but without this loop tasks would fall into the default partition from some day on.
            failures += 1
            log.exception("partitions.failing", failures=failures)
        await asyncio.sleep((RETRY_SECONDS if failures else PASS_SECONDS) * random.uniform(0.8, 1.2))


async def look(partitions: Partitions, keep_days: int | None) -> None:
    """Make what is missing, drop what has had its time; without `keep_days` nothing is dropped."""
    days = partition_days(keep_days)
    least, most = AHEAD_DAYS
    changes = await partitions.make(days, max(least, min(most, days)))
    if keep_days is not None:
        changes += await partitions.drop(keep_days)
    for change in changes:
        note = log.info if change.outcome.startswith(EXPECTED) else log.warning
        note("partitions.changed", partition=change.partition, outcome=change.outcome)
