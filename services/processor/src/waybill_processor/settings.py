"""Settings of the processor; the same for each shell."""

from typing import Annotated

import msgspec
from msgspec import Meta
from waybill_runtime.telemetry import LogFormat, LogLevel

Seconds = Annotated[float, Meta(gt=0, le=43200)]


class ProcessorSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What the core needs: one field for each variable `WAYBILL_…`."""

    database_url: Annotated[str, Meta(pattern=r"^postgres(ql)?://")]
    """Of role `waybill_processor`."""
    lease_seconds: Seconds = 45.0
    """How long a claim holds without a heartbeat."""
    heartbeat_seconds: Seconds = 10.0
    """Between two renewals; each waits 20 % more or less, so that processors do not beat together."""
    webhook_allow_private: bool = False
    """Deliver webhooks to loopback and private addresses too: for local runs, never in production."""
    webhook_secret: str = ""
    """Signs webhooks: `whsec_` and base64, or any text; several, split by spaces, while rotating. Empty: unsigned."""
    log_format: LogFormat = "json"
    log_level: LogLevel = "info"

    def __post_init__(self) -> None:
        """Raises ValueError when the numbers do not fit together."""
        if self.lease_seconds < 2 * self.heartbeat_seconds:
            raise ValueError("WAYBILL_LEASE_SECONDS must be at least twice WAYBILL_HEARTBEAT_SECONDS")


class LambdaSettings(ProcessorSettings, frozen=True, kw_only=True):
    """And what the AWS Lambda shell needs."""

    concurrency: Annotated[int, Meta(ge=1, le=1000)] = 10
    """Records of one batch worked at once."""


class WorkerSettings(ProcessorSettings, frozen=True, kw_only=True):
    """And what the long-running shell needs."""

    queue_url: Annotated[str, Meta(pattern=r"^https?://")]
    dead_letter_queue_url: Annotated[str, Meta(pattern=r"^https?://")] | None = None
    """Drained into `dead_letters` when set."""
    concurrency: Annotated[int, Meta(ge=1, le=1000)] = 50
    """Tasks worked at once."""
    visibility_seconds: Annotated[int, Meta(ge=5, le=43200)] = 60
    """How long a received message stays hidden without a heartbeat; longer than the lease."""
    receive_wait_seconds: Annotated[int, Meta(ge=0, le=20)] = 20
    """Long polling. An idle worker's stop takes as long, for it lets its poll end."""
    drain_seconds: Annotated[float, Meta(ge=0, le=600)] = 20.0
    """How long a stop waits for running handlers before it releases their tasks."""
    drain_dead_letters_seconds: Seconds = 30.0
    """Between two looks into the dead-letter queue."""

    def __post_init__(self) -> None:
        """Raises ValueError when the numbers do not fit together."""
        super().__post_init__()
        if self.visibility_seconds < self.lease_seconds:
            raise ValueError("WAYBILL_VISIBILITY_SECONDS must not be less than WAYBILL_LEASE_SECONDS")
