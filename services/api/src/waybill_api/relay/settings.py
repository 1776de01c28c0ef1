"""Settings of the relay, inside the API process or apart."""

from typing import Annotated

import msgspec
from msgspec import Meta
from waybill_runtime.telemetry import LogFormat, LogLevel

Seconds = Annotated[float, Meta(gt=0, le=86400)]


class RelaySettings(msgspec.Struct, frozen=True, kw_only=True):
    """One field for each variable `WAYBILL_…`; the AWS endpoint, region and credentials come from AWS's own."""

    relay_database_url: Annotated[str, Meta(pattern=r"^postgres(ql)?://")]
    """Of role `waybill_relay`."""
    queue_url: Annotated[str, Meta(pattern=r"^https?://")]
    relay_poll_seconds: Seconds = 1.0
    """How long a row written by another process may wait before it is seen; own accepts wake the relay at once."""
    reap_seconds: Seconds = 5.0
    """Between two looks for leases that ran out."""
    reconcile_grace_seconds: Seconds = 120.0
    """How long a due task may miss its message before it is published again; twice the queue's visibility."""
    retention_days: Annotated[int, Meta(ge=1, le=3650)] | None = None
    """How long finished tasks are kept, from when they were accepted; up to half as long again. Unset: for ever."""
    log_format: LogFormat = "json"
    log_level: LogLevel = "info"
