"""Why a request is not answered with what it asked for.

    ApiError
    ├── InvalidRequest       400  fields or parameters that break a rule, each named
    ├── UnreadableBody       400  bytes that are not one JSON object we take
    ├── NoSuchTask           404
    ├── BodyTooSlow          408  closes the connection
    ├── BodyTooLarge         413  closes the connection
    ├── UnsupportedMedia     415
    └── Unavailable          503  with Retry-After; nothing was accepted
        ├── Overloaded            too many submits wait already
        └── OutcomeUnknown        the connection broke while the task was being stored: it may be accepted

Problem types are URNs: they name the problem and are not meant to be fetched.
"""

import random
from typing import ClassVar

from msgspec import UNSET, Struct, UnsetType


class FieldError(Struct, frozen=True, kw_only=True):
    """One broken rule. `field` reads like `payload.url`; `pointer` is the same as a JSON pointer (RFC 6901).

    For a query parameter `field` is its name, and there is no pointer.
    """

    field: str
    pointer: str | UnsetType = UNSET
    rule: str
    detail: str


class ApiError(Exception):
    """Base of all that is answered as a problem document; the message is its `detail`."""

    status: ClassVar[int]
    problem: ClassVar[str]
    title: ClassVar[str]

    def __init__(self, detail: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(detail)
        self.headers = headers or {}


class InvalidRequest(ApiError):
    """Well-formed, but fields break rules."""

    status, problem, title = 400, "invalid-request", "The request breaks a rule"

    def __init__(self, *errors: FieldError) -> None:
        super().__init__("; ".join(f"{error.field or 'body'}: {error.detail}" for error in errors))
        self.errors = errors


class UnreadableBody(ApiError):
    """The body is not one JSON object that we take."""

    status, problem, title = 400, "unreadable-body", "The body cannot be read"


class NoSuchTask(ApiError):
    """No task has this id, or the id is not a UUID."""

    status, problem, title = 404, "no-such-task", "There is no such task"


class BodyTooSlow(ApiError):
    """The body stopped coming."""

    status, problem, title = 408, "body-too-slow", "The body did not arrive in time"

    def __init__(self, detail: str) -> None:
        super().__init__(detail, {"connection": "close"})


class BodyTooLarge(ApiError):
    """The body is longer than we read."""

    status, problem, title = 413, "body-too-large", "The body is too large"

    def __init__(self, detail: str) -> None:
        super().__init__(detail, {"connection": "close"})


class UnsupportedMedia(ApiError):
    """A content type, charset or encoding that we do not read."""

    status, problem, title = 415, "unsupported-media", "The body is not JSON in UTF-8"


class Unavailable(ApiError):
    """The database does not answer; trying again soon is right."""

    status, problem, title = 503, "unavailable", "The service cannot answer just now"

    def __init__(self, detail: str) -> None:
        # Spread, so that clients sent away together do not come back together.
        super().__init__(detail, {"retry-after": str(random.randint(1, 3))})


class Overloaded(Unavailable):
    """Load is shed before work is done for it."""

    problem, title = "overloaded", "Too many requests wait already"


class OutcomeUnknown(Unavailable):
    """The task may be stored, or not; only looking for it, at `location`, tells."""

    problem, title = "outcome-unknown", "It is not known whether the task was accepted"

    def __init__(self, detail: str, location: str = "") -> None:
        super().__init__(detail + (f"; GET {location} tells" if location else ""))
        if location:
            self.headers["location"] = location
