"""The ends of an attempt: complete, retry, fail, cancel, release. Each is guarded by the fence.

The guard, the new state, the attempt's row and the next dispatch are one statement. Rows are locked in id order, so
that shared statements of two processes cannot deadlock; they wait, since a skipped row would look fenced. As in a
claim, plans go by single ids, whatever the statistics say.
"""

from collections.abc import Sequence
from uuid import UUID

from asyncpg import Connection, Pool
from asyncpg.pool import PoolConnectionProxy
from msgspec import Struct

from .claims import WorkerName

COMPLETE = """
WITH ended AS (
    SELECT * FROM unnest($2::uuid[], $3::int[], $4::jsonb[]) AS e(id, fence, result)
), mine AS (
    SELECT t.id, e.result FROM (SELECT * FROM ended ORDER BY id) e CROSS JOIN LATERAL (
        SELECT t.id FROM tasks t WHERE t.id = e.id AND t.fence = e.fence AND t.status = 'processing'
        FOR UPDATE
    ) t
), moved AS (
    UPDATE tasks t SET status = 'completed', result = (SELECT mine.result FROM mine WHERE mine.id = t.id), error = NULL,
        finished_at = clock_timestamp(), lease_until = NULL, worker = NULL
    WHERE t.id = ANY (ARRAY(SELECT id FROM mine))
    RETURNING t.id, t.tenant, t.fence, t.attempt, t.claimed_at
), attempt AS (
    INSERT INTO attempts (task_id, fence, tenant, attempt, outcome, worker, started_at)
    SELECT id, fence, tenant, attempt, 'succeeded', $1, claimed_at FROM moved
)
SELECT id FROM moved
"""

RETRY = """
WITH ended AS (
    SELECT * FROM unnest($2::uuid[], $3::int[], $4::jsonb[], $5::float8[]) AS e(id, fence, error, delay_seconds)
), mine AS (
    SELECT t.id, e.error, e.delay_seconds FROM (SELECT * FROM ended ORDER BY id) e CROSS JOIN LATERAL (
        SELECT t.id FROM tasks t WHERE t.id = e.id AND t.fence = e.fence AND t.status = 'processing'
          AND t.attempt < t.max_attempts AND t.cancel_requested_at IS NULL
        FOR UPDATE
    ) t
), moved AS (
    UPDATE tasks t SET status = 'pending', error = (SELECT mine.error FROM mine WHERE mine.id = t.id),
        dispatch = t.dispatch + 1, available_at = clock_timestamp()
            + make_interval(secs => (SELECT mine.delay_seconds FROM mine WHERE mine.id = t.id)),
        lease_until = NULL, worker = NULL
    WHERE t.id = ANY (ARRAY(SELECT id FROM mine))
    RETURNING t.id, t.tenant, t.fence, t.attempt, t.claimed_at, t.error, t.dispatch, t.available_at
), attempt AS (
    INSERT INTO attempts (task_id, fence, tenant, attempt, outcome, worker, error, started_at)
    SELECT id, fence, tenant, attempt, 'retryable', $1, error, claimed_at FROM moved
), dispatched AS (
    INSERT INTO outbox (task_id, tenant, dispatch, reason, available_at)
    SELECT id, tenant, dispatch, 'retry', available_at FROM moved ORDER BY id
    ON CONFLICT (task_id) DO UPDATE
        SET dispatch = EXCLUDED.dispatch, reason = EXCLUDED.reason, available_at = EXCLUDED.available_at
)
SELECT id FROM moved
"""

FAIL = """
WITH ended AS (
    SELECT * FROM unnest($2::uuid[], $3::int[], $4::jsonb[]) AS e(id, fence, error)
), mine AS (
    SELECT t.id, e.error FROM (SELECT * FROM ended ORDER BY id) e CROSS JOIN LATERAL (
        SELECT t.id FROM tasks t WHERE t.id = e.id AND t.fence = e.fence AND t.status = 'processing'
        FOR UPDATE
    ) t
), moved AS (
    UPDATE tasks t SET status = 'failed', error = (SELECT mine.error FROM mine WHERE mine.id = t.id),
        finished_at = clock_timestamp(), lease_until = NULL, worker = NULL
    WHERE t.id = ANY (ARRAY(SELECT id FROM mine))
    RETURNING t.id, t.tenant, t.fence, t.attempt, t.claimed_at, t.error
), attempt AS (
    INSERT INTO attempts (task_id, fence, tenant, attempt, outcome, worker, error, started_at)
    SELECT id, fence, tenant, attempt, 'permanent', $1, error, claimed_at FROM moved
)
SELECT id FROM moved
"""

CANCEL = """
WITH ended AS (
    SELECT * FROM unnest($2::uuid[], $3::int[]) AS e(id, fence)
), mine AS (
    SELECT t.id FROM (SELECT * FROM ended ORDER BY id) e CROSS JOIN LATERAL (
        SELECT t.id FROM tasks t WHERE t.id = e.id AND t.fence = e.fence AND t.status = 'processing'
          AND t.cancel_requested_at IS NOT NULL
        FOR UPDATE
    ) t
), moved AS (
    UPDATE tasks t SET status = 'cancelled', finished_at = clock_timestamp(), lease_until = NULL, worker = NULL
    WHERE t.id = ANY (ARRAY(SELECT id FROM mine))
    RETURNING t.id, t.tenant, t.fence, t.attempt, t.claimed_at
), attempt AS (
    INSERT INTO attempts (task_id, fence, tenant, attempt, outcome, worker, started_at)
    SELECT id, fence, tenant, attempt, 'cancelled', $1, claimed_at FROM moved
)
SELECT id FROM moved
"""

# The attempt is given back; the fence is not.
RELEASE = """
WITH ended AS (
    SELECT * FROM unnest($2::uuid[], $3::int[]) AS e(id, fence)
), mine AS (
    SELECT t.id FROM (SELECT * FROM ended ORDER BY id) e CROSS JOIN LATERAL (
        SELECT t.id FROM tasks t WHERE t.id = e.id AND t.fence = e.fence AND t.status = 'processing'
          AND t.cancel_requested_at IS NULL
        FOR UPDATE
    ) t
), moved AS (
    UPDATE tasks t SET status = 'pending', attempt = t.attempt - 1, dispatch = t.dispatch + 1,
        available_at = clock_timestamp(), lease_until = NULL, worker = NULL
    WHERE t.id = ANY (ARRAY(SELECT id FROM mine))
    RETURNING t.id, t.tenant, t.fence, t.attempt, t.claimed_at, t.dispatch, t.available_at
), attempt AS (
    INSERT INTO attempts (task_id, fence, tenant, attempt, outcome, worker, started_at)
    SELECT id, fence, tenant, attempt + 1, 'released', $1, claimed_at FROM moved
), dispatched AS (
    INSERT INTO outbox (task_id, tenant, dispatch, reason, available_at)
    SELECT id, tenant, dispatch, 'release', available_at FROM moved ORDER BY id
    ON CONFLICT (task_id) DO UPDATE
        SET dispatch = EXCLUDED.dispatch, reason = EXCLUDED.reason, available_at = EXCLUDED.available_at
)
SELECT id FROM moved
"""


class Ended(Struct, frozen=True):
    """One attempt at its end: JSON text for `result` or `error`, where the verb takes one."""

    task_id: UUID
    fence: int
    result: str | None = None
    error: str | None = None
    delay_seconds: float = 0.0


class Outcomes:
    """Ends attempts of one worker. Each verb answers, for each attempt in order, whether its fence still held."""

    def __init__(self, connections: Pool | Connection | PoolConnectionProxy, worker: WorkerName) -> None:
        self._connections = connections
        self._worker = worker

    async def complete(self, ended: Sequence[Ended]) -> list[bool]:
        """processing → completed, with the result."""
        return await self._end(COMPLETE, ended, [one.result for one in ended])

    async def retry(self, ended: Sequence[Ended]) -> list[bool]:
        """processing → pending, charged, with a later dispatch. Refused when a cancel was requested."""
        delays = [one.delay_seconds for one in ended]
        return await self._end(RETRY, ended, [one.error for one in ended], delays)

    async def fail(self, ended: Sequence[Ended]) -> list[bool]:
        """processing → failed, with the error."""
        return await self._end(FAIL, ended, [one.error for one in ended])

    async def cancel(self, ended: Sequence[Ended]) -> list[bool]:
        """processing → cancelled. Refused when no cancel was requested."""
        return await self._end(CANCEL, ended)

    async def release(self, ended: Sequence[Ended]) -> list[bool]:
        """processing → pending, uncharged, due at once. Refused when a cancel was requested."""
        return await self._end(RELEASE, ended)

    async def _end(self, statement: str, ended: Sequence[Ended], *columns: Sequence[object]) -> list[bool]:
        ids, fences = [one.task_id for one in ended], [one.fence for one in ended]
        rows = await self._connections.fetch(statement, self._worker(), ids, fences, *columns)
        moved = {row["id"] for row in rows}
        return [task_id in moved for task_id in ids]
