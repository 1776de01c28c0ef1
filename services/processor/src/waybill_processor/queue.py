"""SQS as the worker needs it: receive, delete, hide for longer. The Lambda shell must not import this module."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

from aiohttp import ClientError as TransportError
from botocore.exceptions import BotoCoreError, ClientError
from waybill_runtime.sqs import open_sqs

from .delivery import Delivery

SQS_BATCH = 10
"""Messages in one request, a hard limit of SQS."""

_FAULTS = (ClientError, BotoCoreError, TransportError, OSError, TimeoutError)


class QueueUnavailable(Exception):
    """SQS did not take a request: away, throttling, refusing, or the queue does not exist."""


class MessageQueue:
    """One SQS queue, read from. Every method raises `QueueUnavailable`."""

    def __init__(self, client: Any, queue_url: str) -> None:
        self._client = client
        self._queue_url = queue_url

    async def receive(self, at_most: int, wait_seconds: int, visibility_seconds: int) -> list[Delivery]:
        """Up to ten messages, hidden from others for a while; waits for the first one (long polling)."""
        answer = await self._ask(
            self._client.receive_message,
            MaxNumberOfMessages=min(at_most, SQS_BATCH),
            WaitTimeSeconds=wait_seconds,
            VisibilityTimeout=visibility_seconds,
            MessageSystemAttributeNames=["ApproximateReceiveCount", "SentTimestamp"],
        )
        return [_delivery(message) for message in answer.get("Messages", [])]

    async def delete(self, deliveries: Sequence[Delivery]) -> list[bool]:
        """Delete up to ten messages; answers for each whether SQS took it."""
        entries = [{"Id": str(i), "ReceiptHandle": d.receipt_handle} for i, d in enumerate(deliveries)]
        return _taken(await self._ask(self._client.delete_message_batch, Entries=entries), len(deliveries))

    async def hide(self, pairs: Sequence[tuple[Delivery, int]]) -> list[bool]:
        """Hide up to ten messages for so many seconds from now; answers for each whether SQS took it."""
        entries = [
            {"Id": str(i), "ReceiptHandle": delivery.receipt_handle, "VisibilityTimeout": seconds}
            for i, (delivery, seconds) in enumerate(pairs)
        ]
        return _taken(await self._ask(self._client.change_message_visibility_batch, Entries=entries), len(pairs))

    async def _ask(self, operation: Any, **arguments: Any) -> Any:
        try:
            return await operation(QueueUrl=self._queue_url, **arguments)
        except _FAULTS as error:
            raise QueueUnavailable(" ".join(str(error).split()) or type(error).__name__) from error


def _taken(answer: Any, count: int) -> list[bool]:
    failed = {entry["Id"] for entry in answer.get("Failed", [])}
    return [str(position) not in failed for position in range(count)]


def _delivery(message: Any) -> Delivery:
    attributes = message.get("Attributes", {})
    sent = attributes.get("SentTimestamp")
    return Delivery(
        message_id=message["MessageId"],
        receipt_handle=message["ReceiptHandle"],
        body=message["Body"],
        receive_count=int(attributes.get("ApproximateReceiveCount", 1)),
        sent_at=datetime.fromtimestamp(int(sent) / 1000, UTC) if sent else None,
    )


@asynccontextmanager
async def open_queue(queue_url: str, wait_seconds: int) -> AsyncGenerator[MessageQueue]:
    """The queue behind a URL. Nothing is asked of it yet: it may be away."""
    async with open_sqs(read_seconds=wait_seconds + 10.0) as client:
        yield MessageQueue(client, queue_url)
