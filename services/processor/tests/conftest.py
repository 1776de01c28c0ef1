"""A kind of its own, tasks in a real database, and processors over them."""

import inspect
import itertools
import json
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from waybill_contracts import KindTable, TaskPayload, TaskResult, encode, task_requested
from waybill_processor.bootstrap import CORE_CONNECTIONS, UNHOLD_SECONDS, open_processor
from waybill_processor.delivery import Delivery
from waybill_processor.policy import RetryPolicy
from waybill_processor.registry import Handler, HandlerTable
from waybill_processor.settings import ProcessorSettings


class Echoed(TaskResult):
    text: str


class Echo(TaskPayload, kind="test.echo", version=1, result=Echoed):
    text: str = ""


class Another(TaskPayload, kind="test.another", version=1, result=Echoed):
    pass


class Tasks:
    """Rows made and read as the schema's owner, around the service under test."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    async def insert(self, **columns: Any) -> UUID:
        row = {"id": uuid4(), "kind": "test.echo", "payload_version": 1, "title": "t", "payload": "{}", **columns}
        marks = ", ".join(f"${position}" for position in range(1, len(row) + 1))
        await self._connection.execute(f"INSERT INTO tasks ({', '.join(row)}) VALUES ({marks})", *row.values())
        return row["id"]

    async def processing(self, *, fence: int = 1, attempt: int = 1, lease: str = "1 minute", **columns: Any) -> UUID:
        task_id = await self.insert(
            status="processing", fence=fence, attempt=attempt, max_attempts=8, worker="other:1",
            claimed_at=datetime.now(UTC), started_at=datetime.now(UTC), lease_until=datetime.now(UTC), **columns,
        )  # fmt: skip
        await self.change(task_id, f"lease_until = clock_timestamp() + interval '{lease}'")
        return task_id

    async def change(self, task_id: UUID, assignment: str) -> None:
        await self._connection.execute(f"UPDATE tasks SET {assignment} WHERE id = $1", task_id)

    async def row(self, task_id: UUID) -> dict[str, Any]:
        row = dict(await self._connection.fetchrow("SELECT * FROM tasks WHERE id = $1", task_id))
        return {**row, **{name: json.loads(row[name]) for name in ("payload", "result", "error") if row[name]}}

    async def attempts(self, task_id: UUID) -> list[tuple[int, int, str]]:
        rows = await self._connection.fetch(
            "SELECT fence, attempt, outcome FROM attempts WHERE task_id = $1 ORDER BY fence", task_id
        )
        return [tuple(row) for row in rows]

    async def outbox(self, task_id: UUID) -> dict[str, Any] | None:
        row = await self._connection.fetchrow(
            "SELECT dispatch, reason, available_at - clock_timestamp() AS wait FROM outbox WHERE task_id = $1", task_id
        )
        return dict(row) if row else None

    async def is_due(self, task_id: UUID) -> bool:
        return (await self.outbox(task_id))["wait"].total_seconds() <= 0  # type: ignore[index]

    async def fetch(self, statement: str, *arguments: Any) -> list[Any]:
        return await self._connection.fetch(statement, *arguments)


@pytest.fixture
async def tasks(database: Any) -> Tasks:
    return Tasks(await database.connect("postgres"))


@pytest.fixture
def deliver() -> Callable[..., Delivery]:
    """A delivery of a good message for a task, or of any body."""
    numbers = itertools.count(1)

    def make(task_id: UUID | None = None, body: str | None = None, **options: Any) -> Delivery:
        number = next(numbers)
        kind, version, dispatch = (
            options.pop(n, d) for n, d in (("kind", "test.echo"), ("version", 1), ("dispatch", 1))
        )
        traceparent = options.pop("traceparent", None)
        message = task_requested(task_id or uuid4(), kind, version, dispatch, datetime.now(UTC), traceparent)
        return Delivery(
            message_id=f"message-{number}",
            receipt_handle=f"receipt-{number}",
            body=encode(message).decode() if body is None else body,
            receive_count=options.pop("receive_count", 1),
            sent_at=None,
            **options,
        )

    return make


@pytest.fixture
async def open_with(database: Any) -> AsyncIterator[Callable[..., Any]]:
    """Opens a processor whose only kind is worked by the given function; closed when the test is over."""
    async with AsyncExitStack() as stack:

        async def make(
            function: Any,
            policy: RetryPolicy | None = None,
            connections: int = CORE_CONNECTIONS,
            payload: type[TaskPayload] = Echo,
            unhold_seconds: float = UNHOLD_SECONDS,
            **settings: Any,
        ) -> Any:
            line = Handler(payload, function, inspect.iscoroutinefunction(function), policy or RetryPolicy())
            wanted = ProcessorSettings(**{"database_url": database.url("waybill_processor"), **settings})
            table = HandlerTable(KindTable(payload), line)
            processor = open_processor(wanted, table, 4, connections=connections, unhold_seconds=unhold_seconds)
            return await stack.enter_async_context(processor)

        yield make


@pytest.fixture
def echo() -> Any:
    """The test kind's structs: `echo.Payload`, `echo.Result`; and another kind, of the same result."""

    class Structs:
        Payload = Echo
        Another = Another
        Result = Echoed

    return Structs
