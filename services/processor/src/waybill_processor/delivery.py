"""A message as received, and what becomes of it."""

from datetime import datetime

from msgspec import Struct


class Delivery(Struct, frozen=True, kw_only=True):
    """One message as SQS handed it out. `receive_count` counts hand-outs, never attempts."""

    message_id: str
    receipt_handle: str
    body: str
    receive_count: int
    sent_at: datetime | None


class Acknowledge(Struct, frozen=True):
    """Delete the message: what it asked for is on record."""


class Redeliver(Struct, frozen=True):
    """Hand the message out again, after this many seconds."""

    after_seconds: float


Disposition = Acknowledge | Redeliver
