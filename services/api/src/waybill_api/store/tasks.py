"""Tasks: accept, find, list. The statements run as role `waybill_api`."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from asyncpg import Record
from msgspec import Raw
from waybill_contracts import TaskStatus

from ..errors import OutcomeUnknown, Unavailable
from ..views import Held, NewTask, TaskView
from .database import Database
from .faults import DatabaseFault, is_callers_fault, may_have_committed

TENANT = "default"
LAST_ID = UUID(int=2**128 - 1)
"""Above every id: where a list without a cursor begins."""
PAGE_BYTES = 4 * 1024 * 1024
_HELD_WITHOUT_REASON = "no processor reads its kind and payload version yet"
"""Processors before 0.2.0 wrote none."""

# One statement for a whole batch, so that accepting costs one round trip and one commit whatever the load.
ACCEPT = """
WITH accepted AS (
    INSERT INTO tasks (id, tenant, kind, payload_version, title, description, payload, traceparent)
    SELECT id, $1, kind, payload_version, title, description, payload, traceparent
    FROM unnest($2::uuid[], $3::text[], $4::smallint[], $5::text[], $6::text[], $7::jsonb[], $8::text[])
      AS given (id, kind, payload_version, title, description, payload, traceparent)
    RETURNING id, tenant, available_at, created_at
), announced AS (
    INSERT INTO outbox (task_id, tenant, dispatch, reason, available_at)
    SELECT id, tenant, 1, 'accept', available_at + make_interval(secs => $9) FROM accepted
)
SELECT id, available_at, created_at FROM accepted
"""

_COLUMNS = """id, kind, payload_version, title, description, payload, status, attempt, max_attempts,
       available_at, held_at, held_reason, created_at, started_at, finished_at, result, error"""

FIND = f"SELECT {_COLUMNS} FROM tasks WHERE id = $1 AND tenant = $2"

_SHOWN = [name for name in TaskView.__struct_fields__ if name != "held"]

# No index knows `status` (HOT updates); each filter repeats the predicate of the partial index that narrows it down.
_STATUS_FILTERS: dict[TaskStatus | None, str] = {
    None: "",
    TaskStatus.PENDING: " AND status = 'pending' AND finished_at IS NULL",
    TaskStatus.PROCESSING: " AND status = 'processing' AND finished_at IS NULL",
    TaskStatus.COMPLETED: " AND status = 'completed'",
    TaskStatus.FAILED: " AND status = 'failed' AND finished_at IS NOT NULL AND result IS NULL",
    TaskStatus.CANCELLED: " AND status = 'cancelled' AND cancel_requested_at IS NOT NULL",
}

# A page ends early where its tasks together grow past some bytes: 200 large payloads would be 50 MB in one answer.
_PAGE = """
WITH page AS (
    SELECT {columns} FROM tasks WHERE tenant = $1 AND id < $2{narrowed} ORDER BY id DESC LIMIT $3
), sized AS (
    SELECT page.*, count(*) OVER () AS found,
           sum(octet_length(payload::text) + coalesce(octet_length(result::text), 0))
             OVER (ORDER BY id DESC ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS bytes_before
    FROM page
)
SELECT {columns}, found FROM sized WHERE bytes_before IS NULL OR bytes_before < {page_bytes} ORDER BY id DESC
"""

_HELD_FILTER = " AND held_at IS NOT NULL AND finished_at IS NULL"

PAGES = {
    (status, by_kind, held): _PAGE.format(
        columns=_COLUMNS,
        narrowed=narrowed + (_HELD_FILTER if held else "") + (" AND kind = $4" if by_kind else ""),
        page_bytes=PAGE_BYTES,
    )
    for status, narrowed in _STATUS_FILTERS.items()
    for by_kind in (False, True)
    for held in (False, True)
}
"""The statement of each (status or None, whether a kind is given, held): constants, never built from a request."""


class TaskStore:
    """Reads and writes tasks. Raises `Unavailable` when the database cannot answer."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def accept(self, batch: Sequence[NewTask], kept_seconds: float = 0.0) -> list[tuple[datetime, datetime]]:
        """Store new tasks and their outbox rows; answers (available_at, created_at) of each, in order.

        No relay takes the outbox rows for `kept_seconds`: the caller has their messages sent.

        Raises `Unavailable` when nothing was stored, `OutcomeUnknown` when that cannot be told, and asyncpg's own
        error when a row's values were refused.
        """
        rows_given = [
            (t.id, t.kind, t.payload_version, t.title, t.description, t.payload, t.traceparent) for t in batch
        ]
        columns = [list(column) for column in zip(*rows_given, strict=True)]
        try:
            rows = await self._database.fetch(ACCEPT, TENANT, *columns, kept_seconds)
        except DatabaseFault as error:
            if is_callers_fault(error):
                raise
            if may_have_committed(error):
                raise OutcomeUnknown("the database was lost while it stored the task") from error
            raise Unavailable("the database refused; nothing was accepted") from error
        stored = {row["id"]: (row["available_at"], row["created_at"]) for row in rows}
        return [stored[task.id] for task in batch]

    async def find(self, task_id: UUID) -> TaskView | None:
        """The task of this id, or None. Raises `Unavailable`."""
        rows = await self._read(FIND, task_id, TENANT)
        return _view(rows[0]) if rows else None

    async def page(
        self, before: UUID, limit: int, status: TaskStatus | None, kind: str | None, held: bool = False
    ) -> tuple[list[TaskView], bool]:
        """Tasks older than id `before`, newest first, and whether there are more. Raises `Unavailable`.

        `limit` of them, or fewer where their payloads and results would pass `PAGE_BYTES`, but at least one.
        """
        narrowing = () if kind is None else (kind,)
        rows = await self._read(PAGES[status, kind is not None, held], TENANT, before, limit + 1, *narrowing)
        shown = rows[:limit]
        return [_view(row) for row in shown], bool(rows) and rows[0]["found"] > len(shown)

    async def _read(self, statement: str, *values: Any) -> list[Record]:
        try:
            return await self._database.fetch(statement, *values)
        except DatabaseFault as error:
            raise Unavailable("the database does not answer") from error


def _view(row: Record) -> TaskView:
    values: dict[str, Any] = {name: row[name] for name in _SHOWN}
    for name in ("payload", "result", "error"):
        if values[name] is not None:
            values[name] = Raw(values[name])
    return TaskView(**values, held=_held(row))


def _held(row: Record) -> Held | None:
    if row["held_at"] is None or row["finished_at"] is not None:
        return None
    return Held(since=row["held_at"], reason=row["held_reason"] or _HELD_WITHOUT_REASON)
