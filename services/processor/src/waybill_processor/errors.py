"""What a handler may raise to say what comes next. Any other exception is retried by its kind's policy.

TaskSignal
├── Permanent          trying again is of no use: the task fails now
└── RetryAfter         try again, after this many seconds (an attempt is charged)
"""

MAX_RETRY_AFTER_SECONDS = 365 * 86400.0


class TaskSignal(Exception):
    """Base of both; not raised itself."""


class Permanent(TaskSignal):
    """End the task as failed, whatever attempts are left."""


class RetryAfter(TaskSignal):
    """Retry no sooner than `seconds` from now, a year at most; fails the task when its attempts are spent."""

    def __init__(self, seconds: float, reason: str = "the handler asked to be tried again later") -> None:
        super().__init__(reason)
        self.seconds = min(max(0.0, seconds), MAX_RETRY_AFTER_SECONDS)
