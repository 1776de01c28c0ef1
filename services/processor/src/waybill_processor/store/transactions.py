"""A handler's own transaction, which commits with its task's completion or not at all."""

import asyncio
from contextlib import suppress
from typing import Any
from uuid import UUID

from asyncpg import InterfaceError, Pool, PostgresError
from asyncpg.pool import PoolConnectionProxy
from asyncpg.transaction import Transaction
from waybill_runtime.database import DatabaseUnavailable

from .claims import WorkerName
from .outcomes import Ended, Outcomes


class TransactionRefused(Exception):
    """PostgreSQL does not commit what the handler wrote, and said so: an error of the handler, all rolled back."""


class TaskTransaction:
    """Opened by the handler's first `task.transaction()`; ended by the core, whatever the handler does."""

    def __init__(self, pool: Pool, worker: WorkerName) -> None:
        self._pool = pool
        self._worker = worker
        self._connection: PoolConnectionProxy | None = None
        self._transaction: Transaction | None = None
        self._opening = asyncio.Lock()
        self._has_ended = False

    @property
    def is_open(self) -> bool:
        """Whether the handler opened it."""
        return self._connection is not None

    async def open(self) -> Any:
        """The connection, in a transaction. Raises RuntimeError for a handler that runs on after its end."""
        async with self._opening:  # parts of a handler that run side by side share it
            if self._connection is None and not self._has_ended:
                await self._begin(await self._pool.acquire())
            if self._has_ended:
                raise RuntimeError("the attempt has ended, and its transaction with it")
            return self._connection

    def end_unopened(self) -> None:
        """Let nobody open it any more; for a handler that has returned without."""
        self._has_ended = True

    async def _begin(self, connection: PoolConnectionProxy) -> None:
        if self._has_ended:  # while the handler waited for a connection; nobody would give it back
            await self._pool.release(connection)
            return
        self._connection, self._transaction = connection, connection.transaction()
        await self._transaction.start()

    async def complete(self, task_id: UUID, fence: int, result: str) -> bool:
        """Complete the task and commit all of it; False, with all of it rolled back, when the fence was lost.

        Raises `TransactionRefused`, or another error when nobody knows what became of it.
        """
        assert self._connection is not None
        assert self._transaction is not None
        try:
            [held] = await Outcomes(self._connection, self._worker).complete([Ended(task_id, fence, result=result)])
            if held:
                await self._transaction.commit()
                self._transaction = None
        except PostgresError as error:
            if isinstance(error, DatabaseUnavailable):
                raise
            raise TransactionRefused(f"the handler's transaction cannot be committed: {error}") from error
        return held

    async def close(self) -> None:
        """Roll back what was not committed and give the connection back."""
        self._has_ended = True
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
            with suppress(*DatabaseUnavailable):  # broken only now: the pool has dropped it
                await self._pool.release(connection)
