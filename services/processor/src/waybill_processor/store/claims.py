"""Claim, heartbeat, hold: who works a task, and until when."""

from collections.abc import Callable, Sequence
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from asyncpg import Pool
from asyncpg.pool import PoolConnectionProxy
from msgspec import Struct

# LATERAL with a lock or OFFSET 0, and ANY of an ARRAY, make every plan go by single ids. PostgreSQL reckons a join as
# if it looked into each partition, reads small tables whole instead, and keeps that plan while they grow.
# Rows are locked with SKIP LOCKED, so that processors claiming the same tasks never wait for one another.
# Time is the database's. A pending task is entitled to its next try, so the attempt limit guards only the takeover of
# a lease that ran out: a task that kills its processors is left to the reaper, which fails it.
CLAIM = """
WITH asked AS (
    SELECT * FROM unnest($1::uuid[], $2::text[], $3::smallint[], $4::int[]) AS a(id, kind, payload_version, dispatch)
), readable AS (
    SELECT * FROM unnest($5::text[], $6::smallint[], $7::int[]) AS r(kind, payload_version, max_attempts)
), free AS (
    SELECT t.id, t.status, t.fence, t.attempt, t.worker, t.claimed_at, r.max_attempts
    FROM (SELECT * FROM asked ORDER BY id) a
    JOIN readable r ON r.kind = a.kind AND r.payload_version = a.payload_version
    CROSS JOIN LATERAL (
        SELECT t.id, t.status, t.fence, t.attempt, t.worker, t.claimed_at FROM tasks t
        WHERE t.id = a.id AND t.kind = a.kind AND t.payload_version = a.payload_version
          AND t.cancel_requested_at IS NULL
          AND (t.status = 'pending' AND t.available_at <= clock_timestamp()
               OR t.status = 'processing' AND t.lease_until < clock_timestamp() AND t.attempt < t.max_attempts)
        FOR UPDATE SKIP LOCKED
    ) t
), claimed AS (
    UPDATE tasks t SET
        status = 'processing', attempt = t.attempt + 1, fence = t.fence + 1,
        max_attempts = greatest((SELECT free.max_attempts FROM free WHERE free.id = t.id), t.attempt + 1),
        lease_until = clock_timestamp() + make_interval(secs => $8), worker = $9,
        claimed_at = clock_timestamp(), started_at = coalesce(t.started_at, clock_timestamp()), held_at = NULL,
        held_reason = NULL
    WHERE t.id = ANY (ARRAY(SELECT id FROM free))
    RETURNING t.id, t.fence, t.attempt, t.max_attempts, t.kind, t.payload_version, t.title, t.description,
              t.payload, t.created_at, t.tenant
), lost AS (
    INSERT INTO attempts (task_id, fence, tenant, attempt, outcome, worker, error, started_at)
    SELECT free.id, free.fence, claimed.tenant, free.attempt, 'lost', free.worker, $10::jsonb, free.claimed_at
    FROM free JOIN claimed USING (id) WHERE free.status = 'processing'
)
SELECT a.id,
    CASE WHEN c.id IS NOT NULL THEN 'claimed'
         WHEN t.id IS NULL THEN 'unknown'
         WHEN t.finished_at IS NOT NULL THEN 'final'
         WHEN t.kind <> a.kind OR t.payload_version <> a.payload_version THEN 'mismatch'
         WHEN t.status = 'pending' AND t.available_at > clock_timestamp() THEN 'not_due'
         WHEN r.kind IS NULL AND t.status = 'pending' THEN 'held'
         WHEN a.dispatch < t.dispatch THEN 'superseded'
         ELSE 'busy' END AS answer,
    greatest(0, extract(epoch FROM t.lease_until - clock_timestamp()))::float8 AS lease_left_seconds,
    c.fence, c.attempt, c.max_attempts, c.kind, c.payload_version, c.title, c.description, c.payload, c.created_at
FROM asked a
LEFT JOIN claimed c ON c.id = a.id
LEFT JOIN LATERAL (
    SELECT id, status, kind, payload_version, available_at, finished_at, lease_until, dispatch
    FROM tasks WHERE id = a.id AND c.id IS NULL OFFSET 0
) t ON true
LEFT JOIN readable r ON r.kind = t.kind AND r.payload_version = t.payload_version
"""

# What a claim needs: the table, the grant, and a server that takes writes (a standby refuses the lock).
PROBE = "SELECT id FROM tasks WHERE false FOR UPDATE"

# A row that somebody has locked is passed over, or one would keep the leases of all from being renewed. It is answered
# as the snapshot shows it: its own completion may be what locked it, and whoever took it over shows at the next beat.
HEARTBEAT = """
WITH free AS (
    SELECT t.id FROM unnest($1::uuid[], $2::int[]) AS h(id, fence)
    CROSS JOIN LATERAL (
        SELECT t.id FROM tasks t WHERE t.id = h.id AND t.fence = h.fence AND t.status = 'processing'
        FOR UPDATE SKIP LOCKED
    ) t
), renewed AS (
    UPDATE tasks t SET lease_until = clock_timestamp() + make_interval(secs => $3)
    WHERE t.id = ANY (ARRAY(SELECT id FROM free))
)
SELECT t.id, t.cancel_requested_at IS NOT NULL AS cancel_requested
FROM unnest($1::uuid[], $2::int[]) AS h(id, fence)
CROSS JOIN LATERAL (
    SELECT id, cancel_requested_at FROM tasks WHERE id = h.id AND fence = h.fence AND status = 'processing' OFFSET 0
) t
"""

# Uncharged. Tried again after as long as it has been held so far, 30 s to 15 min; UNHOLD of a processor that reads it
# ends the wait. A task that is not due is left alone: its outbox row is that of its retry. Another row that is there is
# of a message that was sent, perhaps of the one in hand; with DO NOTHING it would not be waited for, and be gone next.
HOLD = """
WITH unread AS (
    SELECT id FROM tasks WHERE id = ANY ($1::uuid[]) AND status = 'pending' AND available_at <= clock_timestamp()
    ORDER BY id FOR UPDATE SKIP LOCKED
), held AS (
    UPDATE tasks t SET
        held_at = coalesce(t.held_at, clock_timestamp()), dispatch = t.dispatch + 1,
        held_reason = format('no processor reads %s version %s yet', t.kind, t.payload_version)
    FROM unread WHERE t.id = unread.id
    RETURNING t.id, t.tenant, t.dispatch, t.held_at
)
INSERT INTO outbox (task_id, tenant, dispatch, reason, available_at)
SELECT id, tenant, dispatch, 'hold', clock_timestamp()
    + least(interval '15 minutes', greatest(interval '30 seconds', clock_timestamp() - held_at))
FROM held ORDER BY id
ON CONFLICT (task_id) DO UPDATE
    SET dispatch = EXCLUDED.dispatch, reason = EXCLUDED.reason, available_at = EXCLUDED.available_at
"""

# A part at a time: all in one statement might never end in time, and would be tried again for ever. now() and not
# clock_timestamp(), by which the index on available_at would not be used: rows that are due already may be millions.
UNHOLD = """
WITH readable AS (
    SELECT o.task_id FROM outbox o
    JOIN tasks t ON t.id = o.task_id
    JOIN unnest($1::text[], $2::smallint[]) AS r(kind, payload_version)
        ON r.kind = t.kind AND r.payload_version = t.payload_version
    WHERE o.reason = 'hold' AND o.available_at > now()
    ORDER BY o.available_at LIMIT $3 FOR UPDATE OF o SKIP LOCKED
)
UPDATE outbox o SET available_at = clock_timestamp() FROM readable WHERE o.task_id = readable.task_id
"""
UNHOLD_PART = 1000

Connections = Pool | PoolConnectionProxy

WorkerName = Callable[[], str]
"""Who works just now: `host:pid` of a process, or function name and request id of a Lambda invocation."""


class Answer(StrEnum):
    """What a claim answers for one task."""

    CLAIMED = "claimed"
    BUSY = "busy"
    """Somebody works it, or is about to claim it; `lease_left_seconds` says for how long at most."""
    SUPERSEDED = "superseded"
    """As busy, and a later message of the same task is or was under way."""
    NOT_DUE = "not_due"
    """Its outbox row will send it again when it is due."""
    FINAL = "final"
    HELD = "held"
    """This processor does not read its kind or payload version."""
    MISMATCH = "mismatch"
    """The message names another kind or payload version than the row."""
    UNKNOWN = "unknown"


class Asked(Struct, frozen=True):
    """What a message says of its task."""

    task_id: UUID
    kind: str
    payload_version: int
    dispatch: int


class Readable(Struct, frozen=True):
    """A (kind, payload version) that this processor works, and its policy's number of attempts."""

    kind: str
    payload_version: int
    max_attempts: int


class Claim(Struct, frozen=True):
    """The answer for one task; the fields after `lease_left_seconds` are set when it was claimed."""

    task_id: UUID
    answer: Answer
    lease_left_seconds: float | None
    fence: int
    attempt: int
    max_attempts: int
    kind: str
    payload_version: int
    title: str
    description: str | None
    payload: str
    created_at: datetime


class Claims:
    """Claims of one worker, by the name that it has at the moment, in the processor's role."""

    def __init__(
        self,
        connections: Connections,
        worker: WorkerName,
        lease_seconds: float,
        readable: Sequence[Readable],
        lost: str,
    ) -> None:
        self._connections = connections
        self._worker = worker
        self._lease_seconds = lease_seconds
        self._lost = lost
        self._kinds = [line.kind for line in readable]
        self._versions = [line.payload_version for line in readable]
        self._limits = [line.max_attempts for line in readable]

    async def claim(self, asked: Sequence[Asked]) -> list[Claim]:
        """Claim what is free among these tasks (each named once), in one statement; answers for every one."""
        rows = await self._connections.fetch(
            CLAIM,
            [one.task_id for one in asked],
            [one.kind for one in asked],
            [one.payload_version for one in asked],
            [one.dispatch for one in asked],
            self._kinds,
            self._versions,
            self._limits,
            self._lease_seconds,
            self._worker(),
            self._lost,
        )
        return [Claim(row[0], Answer(row[1]), *tuple(row)[2:]) for row in rows]

    async def probe(self) -> None:
        """One round trip; raises what the database raises."""
        await self._connections.fetchval(PROBE)

    async def heartbeat(self, leases: Sequence[tuple[UUID, int]]) -> dict[UUID, bool]:
        """Renew (task, fence) pairs. Answers those still ours, with whether a cancel was requested."""
        rows = await self._connections.fetch(
            HEARTBEAT, [task for task, _ in leases], [fence for _, fence in leases], self._lease_seconds
        )
        return {row["id"]: row["cancel_requested"] for row in rows}

    async def hold(self, task_ids: Sequence[UUID]) -> None:
        """Mark tasks that this processor does not read as held, uncharged, with a later dispatch."""
        await self._connections.execute(HOLD, sorted(task_ids))

    async def unhold(self) -> int:
        """Make held tasks that this processor reads due now, `UNHOLD_PART` at a time; answers how many."""
        status = await self._connections.execute(UNHOLD, self._kinds, self._versions, UNHOLD_PART)
        return int(status.rpartition(" ")[2])
