"""How many deliveries are under way, and when to receive more."""

import asyncio
from contextlib import suppress

GATHER_SECONDS = 0.2
"""How long a worker under load waits for a whole batch of free slots. A slow task may hold the last one for hours."""


class Slots:
    """A bound on deliveries under way. Under load the worker waits a moment for a whole batch of free slots."""

    def __init__(self, size: int, batch: int) -> None:
        self._size = size
        self._batch = min(size, batch)
        self._taken = 0
        self._asked = 0
        self.loaded = False
        """Whether the last poll brought as many as it asked for, so that more are waiting."""
        self._changed = asyncio.Event()

    @property
    def free(self) -> int:
        """Deliveries that may be received now."""
        return self._size - self._taken - self._asked

    async def wait(self) -> int:
        """Wait until receiving is worth it; answers how many messages to ask for."""
        if self.loaded:
            with suppress(TimeoutError):
                async with asyncio.timeout(GATHER_SECONDS):
                    await self._until_free(self._batch)
        await self._until_free(1)
        return min(self.free, self._batch)

    async def _until_free(self, count: int) -> None:
        while self.free < count:
            self._changed.clear()
            await self._changed.wait()

    def ask(self, count: int) -> None:
        """A poll is under way that may bring so many; `answered` ends it."""
        self._asked += count

    def answered(self, count: int) -> None:
        """The poll is over, whatever it brought."""
        self._asked -= count
        self._changed.set()

    def take(self, count: int, asked: int) -> None:
        """`count` deliveries came of `asked`: as many as asked for means that more are waiting."""
        self._taken += count
        self.loaded = count == asked

    def give_back(self) -> None:
        """One delivery is settled."""
        self._taken -= 1
        self._changed.set()
