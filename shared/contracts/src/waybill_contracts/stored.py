"""JSON that one service stores in a row and the other reads: errors. Payloads and results are in `kinds`."""

from enum import StrEnum
from typing import Annotated

from msgspec import Meta, Struct


class ErrorCode(StrEnum):
    """Why an attempt did not complete. A reader must expect codes that it does not know."""

    HANDLER_ERROR = "handler_error"
    """The handler raised; retried by policy until the attempts are spent."""
    PERMANENT = "permanent"
    """The handler said that trying again is of no use."""
    TIMEOUT = "timeout"
    """The handler ran over its time limit."""
    PAYLOAD_INVALID = "payload_invalid"
    """The stored payload does not read as its kind's struct. Never retried."""
    RESULT_INVALID = "result_invalid"
    """The handler returned something that is not its kind's result. Never retried."""
    LEASE_LOST = "lease_lost"
    """The lease ran out: the processor died, hung or was cut off."""


class TaskError(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What went wrong in the last attempt, for people and programs. `code` is an `ErrorCode`, or a newer one."""

    code: Annotated[str, Meta(description="Why the attempt did not complete.", examples=[*map(str, ErrorCode)])]
    message: Annotated[str, Meta(description="For people; one line or more.", examples=["connection refused"])]
    error_type: Annotated[
        str | None, Meta(description="The exception's class, where there was one.", examples=["OSError"])
    ] = None
