"""Looking at the messages of a queue without receiving them, through a page that MiniStack has for this."""

import urllib.parse
import urllib.request
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from waybill_dev.ministack.sqs import fetch_json


@dataclass(frozen=True)
class WaitingMessage:
    """A message as it lies in the queue."""

    message_id: str
    body: str
    sent_at: datetime
    visible_at: datetime
    is_visible: bool
    receive_count: int


def peek(endpoint: str, queue_url: str) -> list[WaitingMessage]:
    """Every message of the queue, oldest first. Counts and visibility stay untouched. Raises StackError."""
    query = urllib.parse.urlencode({"QueueUrl": queue_url})
    answer = fetch_json(urllib.request.Request(f"{endpoint}/_ministack/sqs/messages?{query}"))
    regions: list[dict[str, list[dict[str, Any]]]] = [
        queues for account in answer["messages"].values() for queues in account.values()
    ]
    return [_message(raw) for queues in regions for messages in queues.values() for raw in messages]


def _message(raw: dict[str, Any]) -> WaitingMessage:
    return WaitingMessage(
        message_id=raw["MessageId"],
        body=raw["Body"],
        sent_at=datetime.fromtimestamp(raw["SentTimestamp"], UTC),
        visible_at=datetime.fromtimestamp(raw["VisibleAt"], UTC),
        is_visible=raw["IsVisible"],
        receive_count=raw["ReceiveCount"],
    )
