"""The outbox: dispatches that are due, or will be, and are not in the queue yet.

Rows are taken by state with SKIP LOCKED, never by "id greater than the last": an id given early can be committed
late, and would be passed over.
"""

import time
from collections.abc import AsyncGenerator, Iterable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from uuid import UUID

import msgspec
from asyncpg import Pool
from asyncpg.pool import PoolConnectionProxy

NOTED_SECONDS = 5.0
"""`published_versions` is exact to ten seconds, so what this process put on record just now need not be told again."""

Published = tuple[str, str, int]
"""Message type, kind and payload version of something that went out."""


class OutboxRow(msgspec.Struct, frozen=True):
    """One dispatch with what its message says of the task."""

    task_id: UUID
    tenant: str
    dispatch: int
    reason: str
    written_at: datetime
    kind: str
    payload_version: int
    traceparent: str | None


NEXT_DUE = "SELECT extract(epoch FROM min(available_at) - clock_timestamp())::float8 FROM outbox"

# now() and not clock_timestamp(): a volatile function would keep the index on available_at out of the plan. ARRAY and
# OFFSET 0 make the plan go by the few ids whatever the statistics say: joined freely, it scanned the whole backlog for
# each hundred rows. finished_at stands outside, or the index on unfinished tasks, which begins with the tenant, would
# be read whole for each id. Rows of finished tasks are deleted without a message.
TAKE = """
WITH due AS (
    SELECT task_id FROM outbox WHERE available_at <= now()
    ORDER BY available_at LIMIT $1 FOR UPDATE SKIP LOCKED
), taken AS (
    DELETE FROM outbox WHERE task_id = ANY (ARRAY(SELECT task_id FROM due))
    RETURNING task_id, tenant, dispatch, reason, written_at
)
SELECT taken.task_id, taken.tenant, taken.dispatch, taken.reason, taken.written_at,
       t.kind, t.payload_version, t.traceparent
FROM taken CROSS JOIN LATERAL (
    SELECT kind, payload_version, traceparent, finished_at FROM tasks WHERE id = taken.task_id OFFSET 0
) t
WHERE t.finished_at IS NULL
"""

# Of this dispatch only: a task that was worked and retried meanwhile has its next one in the same row. A processor of
# 0.1 that holds a task counts its dispatch on and leaves the row that is there, by which it comes again.
DROP_SENT = """
DELETE FROM outbox WHERE dispatch = 1 AND reason = 'accept' AND task_id = ANY (ARRAY (
    SELECT s.id FROM unnest($1::uuid[]) AS s(id)
    CROSS JOIN LATERAL (SELECT FROM tasks WHERE id = s.id AND dispatch = 1 OFFSET 0) t
))
"""

PUT_BACK = """
INSERT INTO outbox (task_id, tenant, dispatch, reason, written_at, available_at)
SELECT r.task_id, r.tenant, r.dispatch, r.reason, r.written_at, now() + make_interval(secs => $6)
FROM unnest($1::uuid[], $2::text[], $3::int[], $4::text[], $5::timestamptz[])
    AS r(task_id, tenant, dispatch, reason, written_at)
"""

NOTE_VERSIONS = """
INSERT INTO published_versions AS p (message_type, kind, payload_version)
SELECT $1, v.kind, v.payload_version FROM unnest($2::text[], $3::smallint[]) AS v(kind, payload_version)
ORDER BY 2, 3
ON CONFLICT (message_type, kind, payload_version) DO UPDATE SET last_published_at = clock_timestamp()
WHERE p.last_published_at < clock_timestamp() - interval '10 seconds'
"""


class Taken:
    """Rows deleted in an open transaction: committed when the block ends, all back in place if it fails."""

    def __init__(self, connection: PoolConnectionProxy, rows: list[OutboxRow]) -> None:
        self._connection = connection
        self.rows = rows
        self.noted: list[Published] = []

    async def put_back(self, rows: Sequence[OutboxRow], delay_seconds: float) -> None:
        """Insert refused rows again, due after a delay; the dispatch keeps its identity."""
        await self._connection.execute(
            PUT_BACK,
            [row.task_id for row in rows],
            [row.tenant for row in rows],
            [row.dispatch for row in rows],
            [row.reason for row in rows],
            [row.written_at for row in rows],
            delay_seconds,
        )

    async def note_versions(self, message_type: str, versions: Iterable[tuple[str, int]]) -> None:
        """Put on record which (kind, payload version) went out just now."""
        self.noted = [(message_type, kind, version) for kind, version in versions]
        await self._connection.execute(
            NOTE_VERSIONS, message_type, [kind for _, kind, _ in self.noted], [version for _, _, version in self.noted]
        )


class Outbox:
    """The outbox as the relay sees it, in its own role."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._noted_at: dict[Published, float] = {}

    async def next_due_seconds(self) -> float | None:
        """Seconds until the first row is due, negative if it was due already; None for an empty outbox."""
        return await self._pool.fetchval(NEXT_DUE)

    async def drop_sent(self, rows: Sequence[OutboxRow], message_type: str) -> None:
        """Delete the rows of accepts whose messages are in the queue."""
        async with self._pool.acquire() as connection:
            await connection.execute(DROP_SENT, [row.task_id for row in rows])
            taken = Taken(connection, [])
            if versions := self.to_note(message_type, ((row.kind, row.payload_version) for row in rows)):
                await taken.note_versions(message_type, versions)
            self._noted_at |= dict.fromkeys(taken.noted, time.monotonic())

    @asynccontextmanager
    async def take(self, limit: int) -> AsyncGenerator[Taken]:
        """Take up to `limit` due rows, oldest first, that no other relay holds."""
        async with self._pool.acquire() as connection:
            async with connection.transaction():
                rows = await connection.fetch(TAKE, limit)
                taken = Taken(connection, [OutboxRow(*row.values()) for row in rows])
                yield taken
            self._noted_at |= dict.fromkeys(taken.noted, time.monotonic())

    def to_note(self, message_type: str, versions: Iterable[tuple[str, int]]) -> set[tuple[str, int]]:
        """Those of these (kind, payload version) whose last record of having gone out is older than `NOTED_SECONDS`."""
        stale = time.monotonic() - NOTED_SECONDS
        return {pair for pair in versions if self._noted_at.get((message_type, *pair), stale) <= stale}
