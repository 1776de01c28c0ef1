"""Settings of the API service."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta
from waybill_runtime.telemetry import LogFormat, LogLevel


class ApiSettings(msgspec.Struct, frozen=True, kw_only=True):
    """One field for each variable `WAYBILL_…`; a relay inside reads `RelaySettings` besides."""

    database_url: Annotated[str, Meta(pattern=r"^postgres(ql)?://")]
    """Of role `waybill_api`."""
    database_connections: Annotated[int, Meta(ge=1, le=500)] = 10
    """At most this many, and one more for the readiness check. Accepting needs one, however many clients there are."""
    api_host: str = "127.0.0.1"
    api_port: Annotated[int, Meta(ge=0, le=65535)] = 8000
    """0 takes any free port; the log says which."""
    relay: Literal["inside", "apart"] = "inside"
    """`apart`: messages are published by `waybill-relay` processes instead."""
    log_format: LogFormat = "json"
    log_level: LogLevel = "info"
