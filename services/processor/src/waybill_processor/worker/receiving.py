"""The receive loop: long polling with bounded concurrency, silent while the database is away."""

import asyncio
import random
from collections.abc import Coroutine, Sequence
from typing import Any

import structlog

from ..core import Processor
from ..delivery import Delivery, Disposition, Redeliver
from ..queue import SQS_BATCH, MessageQueue, QueueUnavailable
from ..settings import WorkerSettings
from .settling import Settling
from .slots import Slots

POLLS = 3
"""Under way at once while the queue brings full batches; one is enough when it does not."""
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
        self._stopping = asyncio.Event()
        self._polls: set[asyncio.Task[list[Delivery]]] = set()
        self.batches: set[asyncio.Task[object]] = set()

    async def run(self, stopping: asyncio.Event) -> None:
        """Receive batches and start their work until `stopping` is set; `batches` then holds what is under way."""
        self._stopping = stopping
        stop = asyncio.create_task(stopping.wait())
        try:
            while not stopping.is_set():
                await self._wait_for_database(stop)
                await self._settling.room()
                if not self._polls or (self._slots.loaded and len(self._polls) < POLLS):
                    await self._poll(stop)
                await self._take_answers(stop)
        finally:
            stop.cancel()

    async def hand_back(self) -> None:
        """After a stop: wait for the polls under way, and hand back at once what they still bring.

        SQS goes on with a poll whose caller has left, and what it gives to nobody stays hidden for its visibility time.
        """
        if not self._polls:
            return
        polls = list(self._polls)
        _, pending = await asyncio.wait(polls, timeout=self._settings.receive_wait_seconds + POLL_GRACE_SECONDS)
        for poll in pending:
            poll.cancel()
        for result in await asyncio.gather(*polls, return_exceptions=True):
            for delivery in result if isinstance(result, list) else ():
                self._settling.settle(delivery, Redeliver(0))
        await self._settling.drain()

    async def _poll(self, stop: asyncio.Task[bool]) -> None:
        """Begin a poll once there are free slots, unless a poll under way has been answered before."""
        wanted = await _unless([stop, *self._polls], self._slots.wait())
        if wanted is None:
            return
        self._slots.ask(wanted)
        self._polls.add(asyncio.create_task(self._receive(wanted)))

    async def _take_answers(self, stop: asyncio.Task[bool]) -> None:
        """Wait for the first answer, unless another poll is to join at once."""
        if not self._polls:
            return
        joins = self._slots.loaded and len(self._polls) < POLLS and self._slots.free >= SQS_BATCH
        await asyncio.wait([stop, *self._polls], timeout=0 if joins else None, return_when=asyncio.FIRST_COMPLETED)
        if self._stopping.is_set():
            return  # what they bring is handed back
        for poll in [poll for poll in self._polls if poll.done()]:
            self._polls.discard(poll)
            try:
                poll.result()
            except QueueUnavailable as error:
                self._slots.loaded = False
                await self._back_off(error, stop)
            else:
                self._note_recovery()

    async def _receive(self, wanted: int) -> list[Delivery]:
        """Start the work of what a poll brings, before anything else; after a stop, answer it to be handed back."""
        settings = self._settings
        try:
            found = await self._queue.receive(wanted, settings.receive_wait_seconds, settings.visibility_seconds)
        finally:
            self._slots.answered(wanted)
        if self._stopping.is_set():
            return found
        self._start(found, wanted)
        return []

    def _start(self, deliveries: list[Delivery], wanted: int) -> None:
        self._slots.take(len(deliveries), wanted)
        if deliveries:
            batch = asyncio.create_task(self._processor.process(deliveries, self._settle))
            self.batches.add(batch)
            batch.add_done_callback(self.batches.discard)

    def _settle(self, delivery: Delivery, disposition: Disposition) -> None:
        self._slots.give_back()
        self._settling.settle(delivery, disposition)

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


async def _unless(others: Sequence[asyncio.Task[Any]], wait: Coroutine[Any, Any, int]) -> int | None:
    """What `wait` answers, or None if one of the others is done before."""
    waiting = asyncio.create_task(wait)
    await asyncio.wait([waiting, *others], return_when=asyncio.FIRST_COMPLETED)
    if waiting.done():
        return waiting.result()
    waiting.cancel()
    return None
