"""The receive loop: long polling with bounded concurrency, silent while the database is away."""

import asyncio
import random
from collections.abc import Coroutine
from typing import Any

import structlog

from ..core import Processor
from ..delivery import Delivery, Disposition, Redeliver
from ..queue import SQS_BATCH, MessageQueue, QueueUnavailable
from ..settings import WorkerSettings
from .settling import Settling
from .slots import Slots

POLL_GRACE_SECONDS = 1.0
"""For the answer to a poll that ended without messages."""

log = structlog.get_logger()


class Receiver:
    """Receives and works until `stopping` is set."""

    def __init__(self, processor: Processor, queue: MessageQueue, settling: Settling, settings: WorkerSettings) -> None:
        self._processor = processor
        self._queue = queue
        self._settling = settling
        self._settings = settings
        self._slots = Slots(settings.concurrency, SQS_BATCH)
        self._failures = 0
        self._poll: asyncio.Task[list[Delivery]] | None = None
        self.batches: set[asyncio.Task[object]] = set()

    async def run(self, stopping: asyncio.Event) -> None:
        """Receive batches and start their work until `stopping` is set; `batches` then holds what is under way."""
        stop = asyncio.create_task(stopping.wait())
        try:
            while not stopping.is_set():
                await self._wait_for_database(stop)
                wanted = await _unless(stop, self._slots.wait())
                if wanted is not None:
                    await self._receive(wanted, stop)
        finally:
            stop.cancel()

    async def hand_back(self) -> None:
        """After a stop: wait for the poll under way, and hand back at once what it still brings.

        SQS goes on with a poll whose caller has left, and what it gives to nobody stays hidden for its visibility time.
        """
        if self._poll is None:
            return
        await asyncio.wait([self._poll], timeout=self._settings.receive_wait_seconds + POLL_GRACE_SECONDS)
        self._poll.cancel()
        [result] = await asyncio.gather(self._poll, return_exceptions=True)
        if isinstance(result, list):
            await asyncio.gather(*(self._settling.settle(delivery, Redeliver(0)) for delivery in result))

    async def _receive(self, wanted: int, stop: asyncio.Task[bool]) -> None:
        wait_seconds, hidden_seconds = self._settings.receive_wait_seconds, self._settings.visibility_seconds
        poll = self._poll = asyncio.create_task(self._queue.receive(wanted, wait_seconds, hidden_seconds))
        await asyncio.wait([poll, stop], return_when=asyncio.FIRST_COMPLETED)
        if not poll.done():
            return
        self._poll = None
        try:
            deliveries = poll.result()
        except QueueUnavailable as error:
            await self._back_off(error, stop)
            return
        self._note_recovery()
        self._start(deliveries, wanted)

    def _start(self, deliveries: list[Delivery], wanted: int) -> None:
        self._slots.take(len(deliveries), wanted)
        if deliveries:
            batch = asyncio.create_task(self._processor.process(deliveries, self._settle))
            self.batches.add(batch)
            batch.add_done_callback(self.batches.discard)

    async def _settle(self, delivery: Delivery, disposition: Disposition) -> None:
        try:
            await self._settling.settle(delivery, disposition)
        finally:
            self._slots.give_back()

    async def _wait_for_database(self, stop: asyncio.Task[bool]) -> None:
        """A message received in vain burns a receive count, and enough of those end in the dead-letter queue."""
        while self._processor.database_down and not stop.done():
            await asyncio.wait([stop], timeout=random.uniform(0.5, 1.0))
            await self._processor.probe()

    async def _back_off(self, error: QueueUnavailable, stop: asyncio.Task[bool]) -> None:
        self._failures += 1
        if self._failures == 1 or self._failures % 20 == 0:
            log.warning("worker.receive_failed", failures=self._failures, error=str(error))
        await asyncio.wait([stop], timeout=min(5.0, 0.1 * 2 ** min(self._failures, 10)) * random.uniform(0.5, 1.0))

    def _note_recovery(self) -> None:
        if self._failures:
            log.warning("worker.receive_recovered", failures=self._failures)
        self._failures = 0


async def _unless(stop: asyncio.Task[bool], wait: Coroutine[Any, Any, int]) -> int | None:
    waiting = asyncio.create_task(wait)
    await asyncio.wait([waiting, stop], return_when=asyncio.FIRST_COMPLETED)
    if waiting.done():
        return waiting.result()
    waiting.cancel()
    return None
