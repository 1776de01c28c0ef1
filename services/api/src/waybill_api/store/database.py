"""Statements on pooled connections, every wait bounded. The log says when the database goes and comes back."""

from typing import Any

import structlog
from asyncpg import Pool, Record
from waybill_runtime.database import ACQUIRE_SECONDS
from waybill_runtime.telemetry import describe

from ..errors import Unavailable
from .faults import DatabaseFault, is_callers_fault

log = structlog.get_logger()


class Database:
    """The pool, as the stores use it."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._away = False

    async def fetch(self, statement: str, *values: Any) -> list[Record]:
        """The rows of one statement, in one round trip once it is prepared.

        Raises `Unavailable` if it was never sent, else asyncpg's own error.
        """
        try:
            connection = await self._pool.acquire(timeout=ACQUIRE_SECONDS)
        except DatabaseFault as error:
            self._note(error)
            raise Unavailable("the database does not answer") from error
        try:
            rows: list[Record] = await connection.fetch(statement, *values)
        except DatabaseFault as error:
            if isinstance(error, TimeoutError):
                connection.terminate()  # else the release would wait for a cancel that a black hole never answers
            if not is_callers_fault(error):
                self._note(error)
            raise
        finally:
            await self._pool.release(connection)
        self._note(None)
        return rows

    def _note(self, error: Exception | None) -> None:
        """Log the first failure and the first success after it, not each request in between."""
        if error is not None and not self._away:
            log.warning("database.away", error=describe(error))
        if error is None and self._away:
            log.warning("database.back")
        self._away = error is not None
