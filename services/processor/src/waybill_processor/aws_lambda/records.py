"""The event of the mapping to deliveries, and dispositions to its partial batch response. Pure."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from ..delivery import Delivery


def read_records(event: dict[str, Any]) -> list[Delivery]:
    """The deliveries of an SQS event, in its order. An event without records (a console test) has none."""
    return [_delivery(record) for record in event.get("Records", [])]


def response(failed: Iterable[Delivery]) -> dict[str, Any]:
    """The partial batch response. An identifier that SQS did not give would fail or delete the whole batch."""
    return {"batchItemFailures": [{"itemIdentifier": delivery.message_id} for delivery in failed]}


def chunks(deliveries: Sequence[Delivery], size: int) -> Iterable[Sequence[Delivery]]:
    """Runs of at most `size` deliveries."""
    return (deliveries[start : start + size] for start in range(0, len(deliveries), size))


def _delivery(record: dict[str, Any]) -> Delivery:
    attributes: dict[str, str] = record.get("attributes", {})
    sent = attributes.get("SentTimestamp")
    return Delivery(
        message_id=record["messageId"],
        receipt_handle=record["receiptHandle"],
        body=record["body"],
        receive_count=int(attributes.get("ApproximateReceiveCount", 1)),
        sent_at=datetime.fromtimestamp(int(sent) / 1000, UTC) if sent else None,
    )
