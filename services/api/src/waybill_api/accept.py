"""Accept: concurrent submits share a statement and a commit, and load is shed before work is done for it."""

from collections.abc import Callable, Sequence
from datetime import datetime

import structlog
from msgspec import Raw
from waybill_contracts import TaskStatus
from waybill_runtime.batching import Batcher
from waybill_runtime.database import RowRefused

from .errors import FieldError, InvalidRequest, OutcomeUnknown, Overloaded
from .store.faults import is_callers_fault
from .store.outbox import OutboxRow
from .store.tasks import TENANT, TaskStore
from .views import NewTask, TaskView

MAX_BATCH = 500
MAX_WAITING = 2000
MAX_WAITING_BYTES = 32 * 1024 * 1024

Instants = tuple[datetime, datetime]

log = structlog.get_logger()


class Acceptance:
    """Takes new tasks into the database. `hand_over` is told of their dispatches after each commit, and has
    `kept_seconds` to send them before they are due for every relay.
    """

    def __init__(
        self, store: TaskStore, hand_over: Callable[[Sequence[OutboxRow]], None], kept_seconds: float = 0.0
    ) -> None:
        self._store = store
        self._hand_over = hand_over
        self._kept_seconds = kept_seconds
        self._batcher: Batcher[NewTask, Instants] = Batcher(self._flush, MAX_BATCH, is_callers_fault, _size_of)
        self._waiting = 0
        self._waiting_bytes = 0

    async def accept(self, task: NewTask) -> TaskView:
        """Store one task and its outbox row, together with all that wait now.

        Raises `Overloaded`, `Unavailable`, `OutcomeUnknown`, and `InvalidRequest` for values that PostgreSQL refuses.
        """
        size = _size_of(task)
        if self._waiting >= MAX_WAITING or self._waiting_bytes + size > MAX_WAITING_BYTES:
            raise Overloaded("too many tasks wait to be stored; nothing was accepted")
        self._waiting += 1
        self._waiting_bytes += size
        try:
            instants = await self._batcher.submit(task)
        except OutcomeUnknown as error:
            raise OutcomeUnknown(str(error), f"/tasks/{task.id}") from error
        except RowRefused as error:
            detail = f"the database does not take these values ({type(error).__name__})"
            raise InvalidRequest(FieldError(field="", pointer="", rule="storable", detail=detail)) from error
        finally:
            self._waiting -= 1
            self._waiting_bytes -= size
        return _view(task, instants)

    async def drain(self) -> None:
        """Wait until all that was submitted is stored or refused."""
        await self._batcher.drain()

    async def _flush(self, batch: Sequence[NewTask]) -> list[Instants]:
        stored = await self._store.accept(batch, self._kept_seconds)
        self._hand_over([_dispatch(task, created_at) for task, (_, created_at) in zip(batch, stored, strict=True)])
        log.info("task.accepted", count=len(batch))
        return stored


def _size_of(task: NewTask) -> int:
    return len(task.payload) + len(task.description or "")


def _dispatch(task: NewTask, created_at: datetime) -> OutboxRow:
    return OutboxRow(task.id, TENANT, 1, "accept", created_at, task.kind, task.payload_version, task.traceparent)


def _view(task: NewTask, instants: Instants) -> TaskView:
    available_at, created_at = instants
    return TaskView(
        id=task.id,
        kind=task.kind,
        payload_version=task.payload_version,
        title=task.title,
        description=task.description,
        payload=Raw(task.payload),
        status=TaskStatus.PENDING,
        attempt=0,
        max_attempts=None,
        available_at=available_at,
        held=None,
        created_at=created_at,
        started_at=None,
        finished_at=None,
        result=None,
        error=None,
    )
