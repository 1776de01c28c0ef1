"""A handler's own transaction, which commits with its task's completion or not at all."""

from contextlib import suppress
from typing import Any
from uuid import UUID

from asyncpg import InterfaceError, Pool
from asyncpg.pool import PoolConnectionProxy
from asyncpg.transaction import Transaction

from .claims import WorkerName
from .outcomes import Ended, Outcomes


class TaskTransaction:
    """Opened by the handler's first `task.transaction()`; ended by the core, whatever the handler does."""

    def __init__(self, pool: Pool, worker: WorkerName) -> None:
        self._pool = pool
        self._worker = worker
        self._connection: PoolConnectionProxy | None = None
        self._transaction: Transaction | None = None

    @property
    def is_open(self) -> bool:
        """Whether the handler opened it."""
        return self._connection is not None

    async def open(self) -> Any:
        """The connection, in a transaction."""
        if self._connection is None:
            self._connection = await self._pool.acquire()
            self._transaction = self._connection.transaction()
            await self._transaction.start()
        return self._connection

    async def complete(self, task_id: UUID, fence: int, result: str) -> bool:
        """Complete the task and commit all of it; False, with all of it rolled back, when the fence was lost."""
        assert self._connection is not None
        assert self._transaction is not None
        [held] = await Outcomes(self._connection, self._worker).complete([Ended(task_id, fence, result=result)])
        if held:
            await self._transaction.commit()
            self._transaction = None
        return held

    async def close(self) -> None:
        """Roll back what was not committed and give the connection back."""
        connection, transaction = self._connection, self._transaction
        self._connection = self._transaction = None
        if connection is None:
            return
        try:
            if transaction is not None:
                await transaction.rollback()
        except Exception:
            # It broke under the handler. Closing it rolls back as well, and keeps it from the next task.
            with suppress(InterfaceError):  # already closed, and given back by the pool itself
                connection.terminate()
        finally:
            await self._pool.release(connection)
