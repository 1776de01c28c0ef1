"""Health: whether this process lives, and whether it can serve."""

import asyncio
from collections.abc import Callable

from .store.probe import DatabaseProbe
from .views import Readiness


class Health:
    """Asks the database on a connection of its own, so that a full pool does not starve the answer."""

    def __init__(self, probe: DatabaseProbe, degraded: Callable[[], frozenset[str]]) -> None:
        self._probe = probe
        self._degraded = degraded
        self._asking: asyncio.Task[str] | None = None

    async def readiness(self) -> Readiness:
        """Ready only if the database answers within 0.8 s. Callers that ask at once share one question."""
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(self._probe.ask())
        database = await asyncio.shield(self._asking)
        degraded = set(self._degraded())
        if database != "ok":
            degraded.add("database")
        status = "unready" if database != "ok" else "ready"
        return Readiness(status=status, database=database, degraded=sorted(degraded))
