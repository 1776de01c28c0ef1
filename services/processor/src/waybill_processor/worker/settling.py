"""Carry out dispositions on SQS: delete, or hide until the redelivery; ten messages to a request."""

import asyncio
from collections.abc import Sequence

import structlog
from waybill_runtime.batching import Batcher

from ..delivery import Acknowledge, Delivery, Disposition
from ..queue import SQS_BATCH, MessageQueue, QueueUnavailable

MAX_HIDE_SECONDS = 43200
"""Of SQS: twelve hours."""

log = structlog.get_logger()


class Settling:
    """Never raises: a message that could not be deleted or hidden comes back by itself, and finds its task's row."""

    def __init__(self, queue: MessageQueue, visibility_seconds: int) -> None:
        self._queue = queue
        self._visibility_seconds = visibility_seconds
        self._delete = Batcher(queue.delete, SQS_BATCH, lambda _: False)
        self._hide = Batcher(queue.hide, SQS_BATCH, lambda _: False)

    async def settle(self, delivery: Delivery, disposition: Disposition) -> None:
        """Delete an acknowledged message; hide one that is to come again."""
        try:
            if isinstance(disposition, Acknowledge):
                taken = await self._delete.submit(delivery)
            else:
                taken = await self._hide.submit((delivery, min(MAX_HIDE_SECONDS, round(disposition.after_seconds))))
        except QueueUnavailable as error:
            log.warning("message.unsettled", message_id=delivery.message_id, error=str(error))
            return
        if not taken:
            log.warning("message.unsettled", message_id=delivery.message_id, error="its receipt handle has expired")

    async def extend(self, deliveries: Sequence[Delivery]) -> None:
        """Keep messages hidden for another visibility time."""
        starts = range(0, len(deliveries), SQS_BATCH)
        await asyncio.gather(*(self._extend_ten(deliveries[start : start + SQS_BATCH]) for start in starts))

    async def _extend_ten(self, deliveries: Sequence[Delivery]) -> None:
        try:
            await self._queue.hide([(delivery, self._visibility_seconds) for delivery in deliveries])
        except QueueUnavailable as error:
            log.warning("message.not_extended", messages=len(deliveries), error=str(error))
