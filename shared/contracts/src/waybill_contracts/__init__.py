"""The border between Waybill's services: what one side writes, the other side reads from here."""

from .decode import MAX_DEPTH, MAX_MESSAGE_BYTES, decode, is_deeper_than
from .kinds import DEFAULT_KIND, KINDS
from .message import (
    KIND_MAX_LENGTH,
    KIND_PATTERN,
    TASK_REQUESTED_V1,
    TaskRequested,
    TaskRequestedData,
    encode,
    task_requested,
)
from .payload import TaskPayload, TaskResult, unknown_fields
from .poison import Poison, PoisonReason
from .registry import DuplicateKind, KindTable
from .status import FINAL_STATUSES, TRANSITIONS, TaskStatus, is_final
from .stored import ErrorCode, TaskError
from .upcast import Upcast, find_upcast

__all__ = [
    "DEFAULT_KIND",
    "FINAL_STATUSES",
    "KINDS",
    "KIND_MAX_LENGTH",
    "KIND_PATTERN",
    "MAX_DEPTH",
    "MAX_MESSAGE_BYTES",
    "TASK_REQUESTED_V1",
    "TRANSITIONS",
    "DuplicateKind",
    "ErrorCode",
    "KindTable",
    "Poison",
    "PoisonReason",
    "TaskError",
    "TaskPayload",
    "TaskRequested",
    "TaskRequestedData",
    "TaskResult",
    "TaskStatus",
    "Upcast",
    "decode",
    "encode",
    "find_upcast",
    "is_deeper_than",
    "is_final",
    "task_requested",
    "unknown_fields",
]
