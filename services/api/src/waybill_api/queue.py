"""SQS as the relay needs it: send batches, read the depth."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager

from waybill_runtime.sqs import SqsClient, SqsError, open_sqs
from waybill_runtime.sqs_actions import ATTRIBUTES, SEND, Attributes, Send, SendEntry

SQS_BATCH = 10
"""Entries in one SendMessageBatch, a hard limit of SQS."""

_DEPTH = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible", "ApproximateNumberOfMessagesDelayed")


class QueueUnavailable(Exception):
    """SQS did not take a request: away, throttling, refusing, or the queue does not exist."""


class MessageQueue:
    """One SQS queue, written to."""

    def __init__(self, client: SqsClient, queue_url: str) -> None:
        self._client = client
        self._queue_url = queue_url

    async def send(self, bodies: Sequence[bytes]) -> set[int]:
        """Send all bodies, ten to a request, requests side by side. Answers the indexes that were not taken.

        Raises `QueueUnavailable` when none was taken. A request that failed on its way may have been taken all the
        same: sending it again makes a duplicate, never a loss.
        """
        starts = range(0, len(bodies), SQS_BATCH)
        answers = await asyncio.gather(*(self._send_ten(bodies, start) for start in starts))
        refused = {index for indexes, _ in answers for index in indexes}
        if bodies and len(refused) == len(bodies):
            raise QueueUnavailable(next(why for _, why in answers if why))
        return refused

    async def depth(self) -> int:
        """Messages in the queue: visible, in flight and delayed. Raises `QueueUnavailable`."""
        try:
            answer = await ATTRIBUTES.ask(self._client, Attributes(self._queue_url, _DEPTH))
            return sum(int(answer.attributes[name]) for name in _DEPTH)
        except SqsError as error:
            raise QueueUnavailable(str(error)) from error

    async def _send_ten(self, bodies: Sequence[bytes], start: int) -> tuple[list[int], str]:
        indexes = list(range(start, min(start + SQS_BATCH, len(bodies))))
        entries = [SendEntry(str(index), bodies[index].decode()) for index in indexes]
        try:
            answer = await SEND.ask(self._client, Send(self._queue_url, entries))
        except SqsError as error:
            return indexes, str(error)
        failed = answer.failed or []
        # `SenderFault` does not make a refusal permanent: SQS has been seen throttling with it set.
        return [int(entry.id) for entry in failed], ", ".join(sorted({entry.code for entry in failed}))


@asynccontextmanager
async def open_queue(queue_url: str) -> AsyncGenerator[MessageQueue]:
    """The queue behind a URL. Nothing is asked of it yet: it may be away."""
    async with open_sqs() as client:
        yield MessageQueue(client, queue_url)
