"""The shapes of the HTTP contract: what clients send and what they are shown."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from msgspec import UNSET, Meta, Raw, Struct, UnsetType
from waybill_contracts import DEFAULT_KIND, TaskStatus

TITLE_MAX_LENGTH = 200
DESCRIPTION_MAX_LENGTH = 10_000

Instant = Annotated[datetime, Meta(tz=True)]
Title = Annotated[str, Meta(min_length=1, max_length=TITLE_MAX_LENGTH)]


class SubmitTask(Struct, frozen=True, kw_only=True):
    """The body of `POST /tasks`. `title` is required for the default kind, else it is the kind's name."""

    title: Annotated[Title, Meta(description="For people.")] | UnsetType = UNSET
    description: Annotated[str, Meta(max_length=DESCRIPTION_MAX_LENGTH)] | None = None
    kind: str = DEFAULT_KIND
    payload: dict[str, Any] = {}
    payload_version: Annotated[int, Meta(ge=1, le=32767)] = 1


class NewTask(Struct, frozen=True, kw_only=True):
    """A task that passed all checks, about to be accepted. `payload` is the JSON of its kind's struct."""

    id: UUID
    kind: str
    payload_version: int
    title: str
    description: str | None
    payload: str
    traceparent: str | None


class Held(Struct, frozen=True, kw_only=True):
    """Why a task is not worked, although it is due. It goes by itself, uncharged, once a processor reads it."""

    since: Instant
    reason: str


class TaskView(Struct, frozen=True, kw_only=True):
    """A task as clients see it. Instants are UTC, from the database's clock."""

    id: UUID
    kind: str
    payload_version: int
    title: str
    description: str | None
    payload: Raw
    status: TaskStatus
    attempt: Annotated[int, Meta(ge=0, description="Charged tries so far.")]
    max_attempts: Annotated[int, Meta(description="Known from the first attempt on.")] | None
    available_at: Annotated[datetime, Meta(tz=True, description="Not worked before this: its time, or its next retry.")]
    held: Annotated[Held | None, Meta(description="Set while no processor reads its kind and payload version.")]
    created_at: Instant
    started_at: Instant | None
    finished_at: Instant | None
    result: Raw | None
    error: Raw | None


class TaskPage(Struct, frozen=True, kw_only=True):
    """Newest first. `next` is the cursor of the page after this one, or null on the last."""

    items: list[TaskView]
    next: str | None


class Readiness(Struct, frozen=True, kw_only=True):
    """Whether this process can serve; `degraded` names parts that fail without stopping it."""

    status: str
    database: str
    degraded: list[str]
