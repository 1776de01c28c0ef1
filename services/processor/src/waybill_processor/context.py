"""What a handler sees of its task besides the payload."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec


class TaskContext(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt at one task.

    `task_id` is the stable key to give to outside systems for idempotency (not the attempt: a later attempt is the same
    task). `attempt` counts from 1.
    """

    task_id: UUID
    kind: str
    title: str
    description: str | None
    attempt: int
    max_attempts: int
    created_at: datetime
    open_transaction: Callable[[], Awaitable[Any]]

    async def transaction(self) -> Any:
        """An asyncpg connection inside a transaction that commits together with this task's completion, or not at all.

        Opened at the first call; later calls answer the same connection. Whatever the handler writes there is rolled
        back when it raises, when its lease is lost or when its time is up. Not for `def` handlers.
        """
        return await self.open_transaction()
