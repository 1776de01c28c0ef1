"""The statuses of a task and the transitions between them.

This table is the oracle. The mechanism is the guards of each service's SQL and the trigger in the
database; contract tests compare all three.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType


class TaskStatus(StrEnum):
    """Where a task stands. Waiting for a retry, or for its time, is `pending` with `available_at` ahead."""

    PENDING = "pending"
    """Entered by accept, retry, release and reap; left by claim and cancel."""
    PROCESSING = "processing"
    """Entered by claim; a lease says until when. Left by every verb but accept."""
    COMPLETED = "completed"
    """Final. Entered by complete, with a result."""
    FAILED = "failed"
    """Final. Entered by fail, or by reap when the attempts are spent; with an error."""
    CANCELLED = "cancelled"
    """Final. Entered by cancel, or by reap when a cancel was requested."""


FINAL_STATUSES = frozenset({TaskStatus.COMPLETED, TaskStatus.FAILED, TaskStatus.CANCELLED})

_PENDING, _PROCESSING = TaskStatus.PENDING, TaskStatus.PROCESSING

TRANSITIONS: Mapping[str, frozenset[tuple[TaskStatus, TaskStatus]]] = MappingProxyType(
    {
        "claim": frozenset({(_PENDING, _PROCESSING), (_PROCESSING, _PROCESSING)}),
        "complete": frozenset({(_PROCESSING, TaskStatus.COMPLETED)}),
        "retry": frozenset({(_PROCESSING, _PENDING)}),
        "release": frozenset({(_PROCESSING, _PENDING)}),
        "fail": frozenset({(_PROCESSING, TaskStatus.FAILED)}),
        "cancel": frozenset({(_PENDING, TaskStatus.CANCELLED), (_PROCESSING, TaskStatus.CANCELLED)}),
        "reap": frozenset(
            {(_PROCESSING, _PENDING), (_PROCESSING, TaskStatus.FAILED), (_PROCESSING, TaskStatus.CANCELLED)}
        ),
    }
)
"""Verb to the (from, to) pairs it may take. A claim of a processing task takes over a lease that ran out."""


def is_final(status: TaskStatus) -> bool:
    """Whether a task of this status never changes again."""
    return status in FINAL_STATUSES
