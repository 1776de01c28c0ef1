"""Concurrent callers share one flush: nobody waits at low load, batches grow at high load."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

Item = TypeVar("Item")
Answer = TypeVar("Answer")

MAX_BYTES = 2 * 1024 * 1024
"""Of one flush: more would keep small items waiting behind large ones, and outlast a statement's time limit."""


class Batcher(Generic[Item, Answer]):
    """Gathers items while a flush is under way and flushes them together when it ends.

    `flush` takes up to `max_items`, together of at most `MAX_BYTES` by `size_of` (or one that is larger alone), and
    answers for each, in order. When a shared flush fails with an error that
    `is_callers_fault` accepts, each item is flushed alone, so that one bad item harms nobody else; any other error
    (a lost connection, say) goes to all that shared the flush.
    """

    def __init__(
        self,
        flush: Callable[[Sequence[Item]], Awaitable[Sequence[Answer]]],
        max_items: int,
        is_callers_fault: Callable[[Exception], bool],
        size_of: Callable[[Item], int] | None = None,
    ) -> None:
        self._flush = flush
        self._max_items = max_items
        self._is_callers_fault = is_callers_fault
        self._size_of = size_of
        self._waiting: deque[tuple[Item, asyncio.Future[Answer]]] = deque()
        self._flusher: asyncio.Task[None] | None = None

    async def submit(self, item: Item) -> Answer:
        """Flush this item with others. A caller that goes away does not stop its item's flush."""
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, answer))
        if self._flusher is None or self._flusher.done():
            self._flusher = asyncio.create_task(self._flush_all())
        return await answer

    async def drain(self) -> None:
        """Wait until everything submitted so far has been flushed."""
        while self._flusher is not None and not self._flusher.done():
            await asyncio.wait([self._flusher])

    async def _flush_all(self) -> None:
        while self._waiting:
            await self._flush_some(self._take())

    def _take(self) -> list[tuple[Item, asyncio.Future[Answer]]]:
        taken: list[tuple[Item, asyncio.Future[Answer]]] = []
        left_bytes = MAX_BYTES
        while self._waiting and len(taken) < self._max_items:
            if self._size_of is not None:
                left_bytes -= self._size_of(self._waiting[0][0])
                if taken and left_bytes < 0:
                    break
            taken.append(self._waiting.popleft())
        return taken

    async def _flush_some(self, batch: list[tuple[Item, asyncio.Future[Answer]]]) -> Exception | None:
        """Answer each of these; returns an error that is none of theirs, so that it would meet the next ones too."""
        try:
            answers = await self._flush([item for item, _ in batch])
            # Too few answers is an error for all, not a wait for ever.
            answered = list(zip(batch, answers, strict=True))
        except Exception as error:
            is_callers_fault = self._is_callers_fault(error)
            if is_callers_fault and len(batch) > 1:
                await self._flush_alone(batch)
                return None
            for _, waiter in batch:
                if not waiter.done():
                    waiter.set_exception(error)
            return None if is_callers_fault else error
        for (_, waiter), answer in answered:
            if not waiter.done():
                waiter.set_result(answer)
        return None

    async def _flush_alone(self, batch: list[tuple[Item, asyncio.Future[Answer]]]) -> None:
        lost: Exception | None = None
        for item, waiter in batch:
            if lost is None:
                lost = await self._flush_some([(item, waiter)])
            elif not waiter.done():  # one after the other would wait as long for each, and all others behind them
                waiter.set_exception(lost)
