"""Why a message cannot be processed: a closed list."""

from enum import StrEnum

import msgspec


class PoisonReason(StrEnum):
    """One word for what is wrong with a message; stored in `dead_letters.reason`, never renamed."""

    TOO_LARGE = "too_large"
    NOT_UTF8 = "not_utf8"
    TOO_DEEP = "too_deep"
    NOT_JSON = "not_json"
    NOT_OBJECT = "not_object"
    UNSUPPORTED_ENVELOPE = "unsupported_envelope"
    """JSON, but not a CloudEvent in its own body: SNS, EventBridge and S3 wrappers, or something foreign."""
    UNKNOWN_TYPE = "unknown_type"
    """A CloudEvent of somebody else."""
    RETIRED_VERSION = "retired_version"
    FUTURE_VERSION = "future_version"
    """From a newer Waybill. Not poison yet: redelivered, so that a newer processor can take it."""
    INVALID_DATA = "invalid_data"
    """Our type, but a field is missing or wrong; the detail names it."""
    UNKNOWN_TASK = "unknown_task"
    """Reads well, but no such task exists."""
    KIND_MISMATCH = "kind_mismatch"
    """Reads well, but names another kind or payload version than the task's row."""
    RECEIVE_LIMIT = "receive_limit"
    """Reads well, but kept coming back until SQS gave up: its processors died, or never committed."""


class Poison(msgspec.Struct, frozen=True):
    """A message that this reader cannot take, with the reason and a detail for people (no message content)."""

    reason: PoisonReason
    detail: str

    @property
    def is_future(self) -> bool:
        """Whether a newer reader may yet take the message, so that it goes back to the queue."""
        return self.reason is PoisonReason.FUTURE_VERSION
