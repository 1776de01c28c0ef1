"""Good ends share statements, without a task or a future for each: what most attempts come to costs least."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence

import structlog

from .store.outcomes import Ended

MAX_BYTES = 2 * 1024 * 1024
"""Of one statement; a larger result goes alone."""

Told = Callable[[bool | None], None]
"""Hears whether the fence still held; None when the statement failed, and nobody knows."""

log = structlog.get_logger()


class Completions:
    """Gathers ends while a statement is under way, and puts them on record together when it is done."""

    def __init__(self, complete: Callable[[Sequence[Ended]], Awaitable[Sequence[bool]]], max_items: int) -> None:
        self._complete = complete
        self._max_items = max_items
        self._waiting: deque[tuple[Ended, Told]] = deque()
        self._flusher: asyncio.Task[None] | None = None

    def put(self, ended: Ended, told: Told) -> None:
        """Record this end with others, and tell."""
        self._waiting.append((ended, told))
        if self._flusher is None or self._flusher.done():
            self._flusher = asyncio.create_task(self._flush_all())

    async def _flush_all(self) -> None:
        while self._waiting:
            taken = self._take()
            for (_, told), held in zip(taken, await self._record(taken), strict=True):
                told(held)

    async def _record(self, taken: list[tuple[Ended, Told]]) -> Sequence[bool | None]:
        try:
            return await self._complete([ended for ended, _ in taken])
        except Exception:  # whoever is told tries alone, and says what is wrong
            return [None] * len(taken)

    def _take(self) -> list[tuple[Ended, Told]]:
        taken: list[tuple[Ended, Told]] = []
        left_bytes = MAX_BYTES
        while self._waiting and len(taken) < self._max_items:
            left_bytes -= len(self._waiting[0][0].result or "")
            if taken and left_bytes < 0:
                break
            taken.append(self._waiting.popleft())
        return taken
