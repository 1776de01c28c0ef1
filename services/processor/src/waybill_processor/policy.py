"""When a kind is tried again, and for how long one try may run. Pure."""

from collections.abc import Callable
from typing import Annotated

from msgspec import Meta, Struct
from waybill_contracts import ErrorCode, TaskError

from .errors import Permanent, RetryAfter

MAX_MESSAGE_CHARACTERS = 2000


class RetryPolicy(Struct, frozen=True, kw_only=True):
    """Full jitter: uniform between 0 and a bound that doubles. Source: AWS, "Exponential backoff and jitter" (2015)."""

    max_attempts: Annotated[int, Meta(ge=1, le=1000)] = 8
    first_delay_seconds: Annotated[float, Meta(gt=0)] = 2.0
    max_delay_seconds: Annotated[float, Meta(gt=0)] = 900.0
    time_limit_seconds: Annotated[float, Meta(gt=0, le=43200)] = 30.0

    def delay_seconds(self, attempt: int, roll: float) -> float:
        """The wait after this attempt (from 1); `roll` is a random number from 0 to 1."""
        return roll * min(self.max_delay_seconds, self.first_delay_seconds * 2 ** min(attempt - 1, 60))


class Retry(Struct, frozen=True):
    """Try again after a delay."""

    error: TaskError
    delay_seconds: float


class Fail(Struct, frozen=True):
    """End the task as failed."""

    error: TaskError


def judge(error: BaseException, attempt: int, policy: RetryPolicy, roll: Callable[[], float]) -> Retry | Fail:
    """What becomes of a task whose handler raised `error` at this attempt."""
    record = error_record(error)
    if isinstance(error, Permanent) or attempt >= policy.max_attempts:
        return Fail(record)
    if isinstance(error, RetryAfter):
        return Retry(record, error.seconds)
    return Retry(record, policy.delay_seconds(attempt, roll()))


def error_record(error: BaseException) -> TaskError:
    """An exception as it is stored; NUL, which PostgreSQL refuses, is replaced and the length is bounded."""
    code = ErrorCode.HANDLER_ERROR
    if isinstance(error, Permanent):
        code = ErrorCode.PERMANENT
    elif isinstance(error, HandlerTimeout):
        code = ErrorCode.TIMEOUT
    return TaskError(code=code, message=storable(str(error)), error_type=type(error).__name__)


def storable(text: str) -> str:
    """Text that PostgreSQL takes: no NUL, no lone surrogates, bounded."""
    clean = text.replace("\x00", "\ufffd").encode("utf-8", "replace").decode()
    return clean if len(clean) <= MAX_MESSAGE_CHARACTERS else clean[: MAX_MESSAGE_CHARACTERS - 1] + "…"


class HandlerTimeout(Exception):
    """The handler ran over its kind's time limit."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"the handler ran over its limit of {seconds:g} s")
