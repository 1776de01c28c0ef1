"""How many deliveries are under way, and when to receive more."""

import asyncio


class Slots:
    """A bound on deliveries under way. Under load the worker waits for a whole batch of free slots; idle, for one."""

    def __init__(self, size: int, batch: int) -> None:
        self._size = size
        self._batch = min(size, batch)
        self._taken = 0
        self._loaded = False
        self._changed = asyncio.Event()

    @property
    def free(self) -> int:
        """Deliveries that may be received now."""
        return self._size - self._taken

    async def wait(self) -> int:
        """Wait until receiving is worth it; answers how many messages to ask for."""
        while self.free < (self._batch if self._loaded else 1):
            self._changed.clear()
            await self._changed.wait()
        return min(self.free, self._batch)

    def take(self, count: int, asked: int) -> None:
        """`count` deliveries came of `asked`: as many as asked for means that more are waiting."""
        self._taken += count
        self._loaded = count == asked

    def give_back(self) -> None:
        """One delivery is settled."""
        self._taken -= 1
        self._changed.set()
