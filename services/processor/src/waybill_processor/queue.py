"""SQS as the worker needs it: receive, delete, hide for longer. The Lambda shell must not import this module."""

from collections.abc import AsyncGenerator, Generator, Sequence
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime

from waybill_runtime.sqs import SqsClient, SqsError, open_sqs
from waybill_runtime.sqs_actions import (
    DELETE,
    HIDE,
    RECEIVE,
    Batched,
    Delete,
    HandleEntry,
    Hide,
    HideEntry,
    Message,
    MessageAttributes,
    Receive,
)

from .delivery import Delivery

SQS_BATCH = 10
"""Messages in one request, a hard limit of SQS."""


class QueueUnavailable(Exception):
    """SQS did not take a request: away, throttling, refusing, or the queue does not exist."""


class MessageQueue:
    """One SQS queue, read from. Every method raises `QueueUnavailable`."""

    def __init__(self, client: SqsClient, queue_url: str) -> None:
        self._client = client
        self._queue_url = queue_url

    async def receive(self, at_most: int, wait_seconds: int, visibility_seconds: int) -> list[Delivery]:
        """Up to ten messages, hidden from others for a while; waits for the first one (long polling)."""
        wanted = Receive(self._queue_url, min(at_most, SQS_BATCH), wait_seconds, visibility_seconds)
        with _faults():
            answer = await RECEIVE.ask(self._client, wanted)
        return [_delivery(message) for message in answer.messages or ()]

    async def delete(self, deliveries: Sequence[Delivery]) -> list[bool]:
        """Delete up to ten messages; answers for each whether SQS took it."""
        entries = [HandleEntry(str(i), d.receipt_handle) for i, d in enumerate(deliveries)]
        with _faults():
            return _taken(await DELETE.ask(self._client, Delete(self._queue_url, entries)), len(deliveries))

    async def hide(self, pairs: Sequence[tuple[Delivery, int]]) -> list[bool]:
        """Hide up to ten messages for so many seconds from now; answers for each whether SQS took it."""
        entries = [HideEntry(str(i), d.receipt_handle, seconds) for i, (d, seconds) in enumerate(pairs)]
        with _faults():
            return _taken(await HIDE.ask(self._client, Hide(self._queue_url, entries)), len(pairs))


@contextmanager
def _faults() -> Generator[None]:
    try:
        yield
    except SqsError as error:
        raise QueueUnavailable(str(error)) from error


def _taken(answer: Batched, count: int) -> list[bool]:
    if not answer.failed:
        return [True] * count
    failed = {entry.id for entry in answer.failed}
    return [str(position) not in failed for position in range(count)]


def _delivery(message: Message) -> Delivery:
    attributes = message.attributes or MessageAttributes()
    sent = attributes.sent_timestamp
    return Delivery(
        message_id=message.message_id,
        receipt_handle=message.receipt_handle,
        body=message.body,
        receive_count=attributes.approximate_receive_count,
        sent_at=datetime.fromtimestamp(sent / 1000, UTC) if sent else None,
    )


@asynccontextmanager
async def open_queue(queue_url: str, wait_seconds: int) -> AsyncGenerator[MessageQueue]:
    """The queue behind a URL. Nothing is asked of it yet: it may be away."""
    async with open_sqs(read_seconds=wait_seconds + 10.0) as client:
        yield MessageQueue(client, queue_url)
