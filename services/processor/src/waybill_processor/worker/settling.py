"""Carry out dispositions on SQS: delete, or hide until the redelivery; ten messages to a request."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

import structlog
from waybill_runtime.telemetry import describe

from ..delivery import Acknowledge, Delivery, Disposition
from ..queue import SQS_BATCH, MessageQueue, QueueUnavailable

MAX_HIDE_SECONDS = 43200
"""Of SQS: twelve hours."""
GATHER_SECONDS = 0.025
"""How long a message on record may wait for nine others to be deleted with it. Nobody waits for its deletion."""
REQUESTS = 4
"""Of one sort under way at once."""
MOST_WAITING = 500
"""With so many to settle, no more are received."""

log = structlog.get_logger()

Entry = TypeVar("Entry")


class Settling:
    """Never raises: a message that could not be deleted or hidden comes back by itself, and finds its task's row."""

    def __init__(self, queue: MessageQueue, visibility_seconds: int) -> None:
        self._queue = queue
        self._visibility_seconds = visibility_seconds
        self._delete: _Tens[Delivery] = _Tens(queue.delete, lambda delivery: delivery, GATHER_SECONDS)
        self._hide: _Tens[tuple[Delivery, int]] = _Tens(queue.hide, lambda pair: pair[0], 0.0)

    def settle(self, delivery: Delivery, disposition: Disposition) -> None:
        """Have an acknowledged message deleted soon; hide one that is to come again."""
        if isinstance(disposition, Acknowledge):
            self._delete.put(delivery)
        else:
            self._hide.put((delivery, min(MAX_HIDE_SECONDS, round(disposition.after_seconds))))

    async def drain(self) -> None:
        """Settle at once what waits to be settled, and wait for that."""
        await asyncio.gather(self._delete.drain(), self._hide.drain())

    async def room(self) -> None:
        """Wait while too many are still to be settled."""
        while len(self._delete.waiting) + len(self._hide.waiting) > MOST_WAITING:
            await self.drain()

    async def extend(self, deliveries: Sequence[Delivery]) -> None:
        """Keep messages hidden for another visibility time."""
        starts = range(0, len(deliveries), SQS_BATCH)
        await asyncio.gather(*(self._extend_ten(deliveries[start : start + SQS_BATCH]) for start in starts))

    async def _extend_ten(self, deliveries: Sequence[Delivery]) -> None:
        try:
            await self._queue.hide([(delivery, self._visibility_seconds) for delivery in deliveries])
        except QueueUnavailable as error:
            log.warning("message.not_extended", messages=len(deliveries), error=str(error))


class _Tens(Generic[Entry]):
    """Sends entries, ten to a request: a full ten at once, fewer after a moment."""

    def __init__(
        self,
        send: Callable[[Sequence[Entry]], Awaitable[Sequence[bool]]],
        delivery_of: Callable[[Entry], Delivery],
        gather_seconds: float,
    ) -> None:
        self._send = send
        self._delivery_of = delivery_of
        self._gather_seconds = gather_seconds
        self._timer: asyncio.TimerHandle | None = None
        self._requests: set[asyncio.Task[None]] = set()
        self.waiting: deque[Entry] = deque()

    def put(self, entry: Entry) -> None:
        self.waiting.append(entry)
        self._go_on()

    async def drain(self) -> None:
        while self.waiting or self._requests:
            self._start(at_least=1)
            await asyncio.wait(self._requests)

    def _go_on(self, ended: asyncio.Task[None] | None = None) -> None:
        if ended is not None:
            self._requests.discard(ended)
        if len(self.waiting) >= SQS_BATCH:
            self._start(at_least=SQS_BATCH)
        if self.waiting and self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(self._gather_seconds, self._send_the_rest)

    def _send_the_rest(self) -> None:
        self._timer = None
        self._start(at_least=1)

    def _start(self, at_least: int) -> None:
        while len(self.waiting) >= at_least and len(self._requests) < REQUESTS:
            ten = [self.waiting.popleft() for _ in range(min(SQS_BATCH, len(self.waiting)))]
            request = asyncio.get_running_loop().create_task(self._send_ten(ten))
            self._requests.add(request)
            request.add_done_callback(self._go_on)

    async def _send_ten(self, entries: Sequence[Entry]) -> None:
        try:
            taken = await self._send(entries)
        except Exception as error:  # also one that nobody foresaw: it must not end this process's deleting
            why = str(error) if isinstance(error, QueueUnavailable) else describe(error)
            taken = [False] * len(entries)
        else:
            why = "its receipt handle has expired"
        for entry, is_taken in zip(entries, taken, strict=True):
            if not is_taken:
                log.warning("message.unsettled", message_id=self._delivery_of(entry).message_id, error=why)
