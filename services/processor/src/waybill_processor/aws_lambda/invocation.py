"""One invocation: as much of the batch as its remaining time allows."""

import asyncio
import time
from collections.abc import Sequence
from typing import Any

import structlog

from ..core import Processor
from ..delivery import Acknowledge, Delivery, Disposition
from .records import chunks

BEGIN_MARGIN_SECONDS = 5.0
"""A record is begun only if this much time would be left after the longest time limit of a handler."""
LAST_MARGIN_SECONDS = 1.0
"""Before the end, what is still not on record (the database is away, say) is handed back rather than cut off."""

log = structlog.get_logger()


class Invocation:
    """Works a batch under a limit of concurrency and of time."""

    def __init__(self, processor: Processor, context: Any, concurrency: int, longest_seconds: float) -> None:
        self._processor = processor
        self._ends_at = time.monotonic() + context.get_remaining_time_in_millis() / 1000
        self._concurrency = concurrency
        self._needed_seconds = longest_seconds + BEGIN_MARGIN_SECONDS
        self._acknowledged: set[str] = set()

    async def run(self, deliveries: Sequence[Delivery]) -> list[Delivery]:
        """Answers what was not begun, or has no outcome on record, in the order of the batch."""
        for chunk in chunks(deliveries, self._concurrency):
            if self._left() < self._needed_seconds:
                log.warning("lambda.out_of_time", not_begun=len(deliveries) - deliveries.index(chunk[0]))
                break
            await self._work(chunk)
        return [delivery for delivery in deliveries if delivery.receipt_handle not in self._acknowledged]

    async def _work(self, chunk: Sequence[Delivery]) -> None:
        work = asyncio.create_task(self._processor.process(chunk, self._settle))
        await asyncio.wait([work], timeout=max(0.0, self._left() - LAST_MARGIN_SECONDS))
        if not work.done():
            log.warning("lambda.cut_short", tasks=len(self._processor.attempts.running))
            work.cancel()
            await asyncio.wait([work], timeout=LAST_MARGIN_SECONDS / 2)

    def _settle(self, delivery: Delivery, disposition: Disposition) -> None:
        if isinstance(disposition, Acknowledge):
            self._acknowledged.add(delivery.receipt_handle)

    def _left(self) -> float:
        return self._ends_at - time.monotonic()
