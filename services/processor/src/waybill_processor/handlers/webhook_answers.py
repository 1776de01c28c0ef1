"""What a receiver's answer to a webhook means for the task. Pure."""

from collections.abc import Callable
from datetime import UTC, datetime

from ..errors import Permanent, RetryAfter

MIN_RETRY_AFTER_SECONDS = 1.0
MAX_RETRY_AFTER_SECONDS = 3600.0
"""A receiver may postpone a task, not park it."""

_WORTH_RETRYING = frozenset({408, 409, 425, 429})
"""Timeout, conflict (with an earlier try still under way there), too early, too many; and every 5xx."""


class NotDelivered(Exception):
    """The receiver was not reached or did not take it; another try may do."""


def refuse_unless_delivered(status_code: int, retry_after: str | None, host: str, now: Callable[[], datetime]) -> None:
    """Return for 2xx. Raises `RetryAfter`, `NotDelivered` or `Permanent` for everything else."""
    if 200 <= status_code <= 299:
        return
    if status_code in _WORTH_RETRYING or 500 <= status_code <= 599:
        seconds = retry_after_seconds(retry_after, now())
        if seconds is not None:
            raise RetryAfter(seconds, f"{host} answered {status_code} and asks for another try after {seconds:g} s")
        raise NotDelivered(f"{host} answered {status_code}")
    if 300 <= status_code <= 399:
        raise Permanent(f"{host} answered {status_code}: redirects are not followed, submit the final URL")
    raise Permanent(f"{host} answered {status_code}")


def retry_after_seconds(value: str | None, now: datetime) -> float | None:
    """A `Retry-After` header, bounded; None when it is absent or cannot be read."""
    if value is None:
        return None
    text = value.strip()
    seconds = _digits(text) if text.isascii() and text.isdigit() else _until(text, now)
    return None if seconds is None else min(max(seconds, MIN_RETRY_AFTER_SECONDS), MAX_RETRY_AFTER_SECONDS)


def _digits(text: str) -> float:
    return float(text[:400])  # more digits than that would not be a finite number, and all are over the bound


def _until(text: str, now: datetime) -> float | None:
    from email.utils import parsedate_to_datetime  # loads half of `email`, for a date that few send

    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() - now.timestamp()
