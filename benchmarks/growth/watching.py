"""What a trial asks of a database with millions of rows: by id and by the index of live tasks, never counting all."""

import asyncio
import time
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from ..measure.trial import Meter, Trial
from ..rig.errors import BenchError

_OLDEST = "SELECT id FROM tasks WHERE tenant = 'default' AND finished_at IS NULL ORDER BY id LIMIT 1"
_ENDED = """
SELECT id::text, extract(epoch FROM finished_at)::float8 FROM tasks
WHERE id >= $1 AND status = 'completed' AND finished_at >= to_timestamp($2)
"""
_POLL_SECONDS = 0.1


def first_id() -> UUID:
    """Below every id that is made from now on."""
    return UUID(int=time.time_ns() // 1_000_000 << 80)


async def accepted_since(running: Trial, first: UUID) -> int:
    """Tasks on record from this id on."""
    return int(await running.connection.fetchval("SELECT count(*) FROM tasks WHERE id >= $1", first))


async def wait_sent(running: Trial, timeout_seconds: float) -> None:
    """Until the outbox is empty. Raises BenchError."""
    deadline = time.monotonic() + timeout_seconds
    while left := await running.connection.fetchval("SELECT EXISTS (SELECT FROM outbox)"):
        if time.monotonic() > deadline:
            raise BenchError(f"the outbox was not empty within {timeout_seconds:g} s ({left})")
        await asyncio.sleep(_POLL_SECONDS)


async def wait_finished(running: Trial, timeout_seconds: float) -> bool:
    """Until no task is live, or the time is up; whether none is."""
    deadline = time.monotonic() + timeout_seconds
    while await running.connection.fetchval(_OLDEST) is not None:
        running.workers.check()
        if time.monotonic() > deadline:
            return False
        await asyncio.sleep(_POLL_SECONDS)
    return True


async def ended_since(running: Trial, first: UUID, since: float = 0.0) -> dict[str, float]:
    """Tasks from this id on that completed since then: id, and seconds since 1970."""
    rows: Any = await running.connection.fetch(_ENDED, first, since)
    return dict(rows)


@dataclass(frozen=True)
class Drained:
    """How a backlog went, from the first completion that was seen to the last."""

    per_second: float
    tasks: int
    never: int
    used: Meter

    def cpu_ms(self) -> dict[str, float]:
        """CPU of each part for a task."""
        per_task = 1000 / max(1, self.tasks)
        return {
            "drain_worker_cpu_ms": self.used.worker * per_task,
            "drain_api_cpu_ms": self.used.api * per_task,
            "drain_postgres_cpu_ms": self.used.postgres * per_task,
            "drain_queue_cpu_ms": self.used.queue * per_task,
            "drain_others_cores": self.used.others_cores,
        }


async def drain(running: Trial, first: UUID, number: int, timeout_seconds: float) -> Drained:
    """Start the workers and let them finish all that waits. Their start is in none of the figures."""
    oldest = await running.connection.fetchval(_OLDEST)
    running.workers.start()
    deadline = time.monotonic() + timeout_seconds
    while await running.connection.fetchval(_OLDEST) == oldest:
        running.workers.check()
        if time.monotonic() > deadline:
            raise BenchError(f"no task was completed within {timeout_seconds:g} s")
        await asyncio.sleep(0.02)
    began, before = time.time(), running.read()
    await wait_finished(running, timeout_seconds)
    used = running.read().since(before)
    ended = await ended_since(running, first)
    late = [at for at in ended.values() if at >= began]
    seconds = max(late) - began if late else 0.0
    return Drained(len(late) / seconds if seconds else 0.0, len(late), number - len(ended), used)


async def first_sent(running: Trial, number: int, timeout_seconds: float) -> int:
    """Wait until the first of so many rows left the outbox; how many are left."""
    deadline = time.monotonic() + timeout_seconds
    while (left := int(await running.connection.fetchval("SELECT count(*) FROM outbox"))) >= number:
        if time.monotonic() > deadline:
            raise BenchError(f"no row left the outbox within {timeout_seconds:g} s")
        await asyncio.sleep(0.02)
    return left
