"""Whether the database answers."""

import asyncio
from typing import Any

import asyncpg
from waybill_runtime.telemetry import describe

from .faults import DatabaseFault

PROBE_SECONDS = 0.8

# Reads the newest column that this build needs, so that a database not migrated as far is not taken for ready.
PROBE = "SELECT held_reason FROM tasks LIMIT 1"


class DatabaseProbe:
    """One connection of its own, made at the first question and again after each failure."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._connection: asyncpg.Connection[Any] | None = None

    async def ask(self) -> str:
        """`ok`, or what is wrong, in one line; within 0.8 s."""
        try:
            async with asyncio.timeout(PROBE_SECONDS):
                if self._connection is None or self._connection.is_closed():
                    settings = {"application_name": "waybill-api-health"}
                    self._connection = await asyncpg.connect(self._url, server_settings=settings)
                await self._connection.fetch(PROBE)
        except DatabaseFault as error:
            self.close()
            return describe(error)
        return "ok"

    def close(self) -> None:
        """Drop the connection at once."""
        if self._connection is not None:
            self._connection.terminate()
            self._connection = None
