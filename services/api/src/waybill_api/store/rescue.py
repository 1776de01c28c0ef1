"""Reap and reconcile: tasks whose lease ran out, and due tasks whose message is gone."""

from typing import Any
from uuid import UUID

import msgspec
from asyncpg import Pool
from waybill_contracts import ErrorCode, TaskError

# Locked in id order with SKIP LOCKED: safe beside other reapers, claims and heartbeats. The first reap of a task
# puts it back at once; later ones wait a growing, random time, for its processors may be dying of it.
# OFFSET 0, since PostgreSQL would read all that is finished too, to have rows in order; LATERAL and ANY of an ARRAY, so
# that what is found is then taken by single ids.
REAP = """
WITH expired AS (
    SELECT t.id, t.worker FROM (
        SELECT id FROM (
            SELECT id FROM tasks
            WHERE finished_at IS NULL AND status = 'processing' AND lease_until < clock_timestamp() OFFSET 0
        ) live ORDER BY id
    ) found CROSS JOIN LATERAL (
        SELECT id, worker FROM tasks
        WHERE id = found.id AND status = 'processing' AND lease_until < clock_timestamp()
        FOR UPDATE SKIP LOCKED
    ) t LIMIT $1
), reaped AS (
    UPDATE tasks t SET
        status = CASE WHEN t.cancel_requested_at IS NOT NULL THEN 'cancelled'
                      WHEN t.attempt >= t.max_attempts THEN 'failed' ELSE 'pending' END,
        finished_at = CASE WHEN t.cancel_requested_at IS NOT NULL OR t.attempt >= t.max_attempts
                           THEN clock_timestamp() END,
        available_at = clock_timestamp()
            + CASE WHEN t.attempt <= 1 THEN interval '0'
                   ELSE random() * least(interval '15 minutes', interval '2 seconds' * 2 ^ least(t.attempt, 12)) END,
        dispatch = t.dispatch + 1, lease_until = NULL, worker = NULL, error = $2::jsonb
    WHERE t.id = ANY (ARRAY(SELECT id FROM expired)) AND t.status = 'processing'
    RETURNING t.id, t.tenant, t.status, t.fence, t.attempt, t.dispatch, t.available_at, t.claimed_at
), lost AS (
    INSERT INTO attempts (task_id, fence, tenant, attempt, outcome, worker, error, started_at)
    SELECT id, fence, tenant, attempt, 'lost', expired.worker, $2::jsonb, claimed_at
    FROM reaped JOIN expired USING (id)
), dispatched AS (
    INSERT INTO outbox (task_id, tenant, dispatch, reason, available_at)
    SELECT id, tenant, dispatch, 'reap', available_at FROM reaped WHERE status = 'pending'
    ON CONFLICT (task_id) DO UPDATE
        SET dispatch = EXCLUDED.dispatch, reason = EXCLUDED.reason, available_at = EXCLUDED.available_at
)
SELECT id, status, expired.worker FROM reaped JOIN expired USING (id)
"""

# Tasks that ought to have a message in the queue: under work, or due and past the outbox.
COUNT_EXPECTED = """
SELECT count(*) FROM tasks t
WHERE t.finished_at IS NULL
  AND (t.status = 'processing' OR (t.status = 'pending' AND t.available_at <= clock_timestamp()))
  AND NOT EXISTS (SELECT FROM outbox o WHERE o.task_id = t.id)
"""

# One relay at a time: two that saw the same gap would fill it twice.
LOCK = "SELECT pg_try_advisory_xact_lock(hashtext('waybill.reconcile'))"

RECONCILE = """
WITH missing AS (
    SELECT t.id FROM (
        SELECT id FROM (
            SELECT id FROM tasks t
            WHERE t.finished_at IS NULL AND t.status = 'pending'
              AND t.available_at < clock_timestamp() - make_interval(secs => $2)
              AND NOT EXISTS (SELECT FROM outbox o WHERE o.task_id = t.id)
            OFFSET 0
        ) live ORDER BY id
    ) found CROSS JOIN LATERAL (
        SELECT t.id FROM tasks t
        WHERE t.id = found.id AND t.status = 'pending'
          AND t.available_at < clock_timestamp() - make_interval(secs => $2)
          AND (t.reconciled_at IS NULL
               OR t.reconciled_at < clock_timestamp() - make_interval(secs => $2 * 2 ^ least(t.reconcile_count, 8)))
        FOR UPDATE SKIP LOCKED
    ) t LIMIT $1
), marked AS (
    UPDATE tasks t SET dispatch = t.dispatch + 1, reconciled_at = clock_timestamp(),
        reconcile_count = t.reconcile_count + 1
    WHERE t.id = ANY (ARRAY(SELECT id FROM missing))
    RETURNING t.id, t.tenant, t.dispatch
)
INSERT INTO outbox (task_id, tenant, dispatch, reason)
SELECT id, tenant, dispatch, 'reconcile' FROM marked
ON CONFLICT (task_id) DO NOTHING
"""

LEASE_LOST = TaskError(
    code=ErrorCode.LEASE_LOST,
    message="the lease ran out before the attempt ended: its processor died, hung or was cut off",
)


RESCUE_SECONDS = 20.0
"""For statements that look at every live task: a backlog of millions must not keep its own rescue from ending."""


class Reaped(msgspec.Struct, frozen=True):
    """One task whose lease ran out, with the status it has now."""

    task_id: UUID
    status: str
    worker: str


class Rescue:
    """What puts tasks back on their way, in the relay's role."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def reap(self, limit: int) -> list[Reaped]:
        """End attempts whose lease ran out: the task is pending again, or failed when its attempts are spent."""
        rows = await self._pool.fetch(REAP, limit, msgspec.json.encode(LEASE_LOST).decode(), timeout=RESCUE_SECONDS)
        return [Reaped(*row.values()) for row in rows]

    async def count_expected(self) -> int:
        """How many tasks ought to have a message in the queue."""
        return await self._pool.fetchval(COUNT_EXPECTED, timeout=RESCUE_SECONDS)

    async def reconcile(self, depth: int, at_most: int, grace_seconds: float) -> int:
        """Dispatch again up to `at_most` due tasks beyond the queue's `depth`, oldest first; answers how many.

        The gap is counted again under the lock, so that relays that saw the same gap do not fill it twice.
        """
        async with self._pool.acquire() as connection, connection.transaction():
            if not await connection.fetchval(LOCK):
                return 0
            expected = await connection.fetchval(COUNT_EXPECTED, timeout=RESCUE_SECONDS)
            missing = min(at_most, expected - depth)
            if missing <= 0:
                return 0
            status: Any = await connection.execute(RECONCILE, missing, grace_seconds, timeout=RESCUE_SECONDS)
            return int(status.rpartition(" ")[2])
