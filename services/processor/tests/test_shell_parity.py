"""The same trace of deliveries through both shells ends in the same rows, and acknowledges the same messages."""

import asyncio
from typing import Any
from uuid import UUID

import pytest
from waybill_contracts import KindTable
from waybill_processor.aws_lambda import environment as lambda_environment
from waybill_processor.aws_lambda.environment import Environment
from waybill_processor.delivery import Acknowledge
from waybill_processor.errors import Permanent, RetryAfter
from waybill_processor.policy import RetryPolicy
from waybill_processor.registry import Handler, HandlerTable

pytestmark = pytest.mark.store


class Context:
    function_name, aws_request_id = "waybill-processor", "request-1"

    def get_remaining_time_in_millis(self) -> int:
        return 60_000


async def work(payload: Any, task: Any) -> Any:
    """Does what the payload's text says."""
    match payload.text:
        case "retry":
            raise RuntimeError("not yet")
        case "later":
            raise RetryAfter(60)
        case "permanent":
            raise Permanent("never")
        case "not a result":
            return None
        case text:
            return payload.result(text=text)


async def _make_trace(tasks: Any, deliver: Any) -> list[Any]:
    async def task(number: int, **columns: Any) -> UUID:
        return await tasks.insert(id=UUID(int=number), **columns)

    texts = ["done", "retry", "later", "permanent", "not a result"]
    ids = [await task(n, payload=f'{{"text": "{text}"}}') for n, text in enumerate(texts, 1)]
    busy, gone = await tasks.processing(id=UUID(int=20)), await tasks.processing(id=UUID(int=21), lease="-1 second")
    last = await task(22, attempt=7, fence=7, payload='{"text": "retry"}')
    held = await task(23, kind="test.newer")
    broken = await task(24, payload='{"text": 5}')
    return [
        *(deliver(task_id) for task_id in (*ids, ids[0], busy, gone, last, broken)),
        deliver(held, kind="test.newer"),
        deliver(ids[1], kind="test.other"),
        deliver(UUID(int=99), receive_count=3),
        deliver(UUID(int=98), receive_count=1),
        deliver(body="not json"),
        deliver(body='{"specversion": "1.0", "type": "waybill.task.requested.v2"}'),
        deliver(ids[0]),
    ]


async def _rows(tasks: Any) -> dict[str, list[Any]]:
    queries = {
        "tasks": "SELECT id, status, attempt, fence, dispatch, result, error, held_at IS NULL FROM tasks ORDER BY id",
        "attempts": "SELECT task_id, fence, attempt, outcome, error FROM attempts ORDER BY 1, 2",
        "outbox": "SELECT task_id, dispatch, reason FROM outbox ORDER BY 1",
        "dead_letters": "SELECT reason, detail, origin, task_id, receive_count, body FROM dead_letters ORDER BY 6, 4",
    }
    return {name: [tuple(row) for row in await tasks.fetch(query)] for name, query in queries.items()}


async def test_both_shells_end_one_trace_in_the_same_rows(
    tasks: Any, deliver: Any, open_with: Any, echo: Any, database: Any, monkeypatch: pytest.MonkeyPatch
):
    trace = await _make_trace(tasks, deliver)
    processor = await open_with(work)
    dispositions = await processor.process(trace)
    by_worker = await _rows(tasks)
    kept_by_worker = [
        d.message_id for d, end in zip(trace, dispositions, strict=True) if not isinstance(end, Acknowledge)
    ]

    await tasks.fetch("TRUNCATE tasks, outbox, attempts, dead_letters")
    await _make_trace(tasks, deliver)
    line = Handler(echo.Payload, work, True, RetryPolicy())
    monkeypatch.setattr(lambda_environment, "handler_table", lambda _: HandlerTable(KindTable(echo.Payload), line))
    monkeypatch.setattr(lambda_environment, "configure_logging", lambda *_: None)
    monkeypatch.setenv("WAYBILL_DATABASE_URL", database.url("waybill_processor"))
    monkeypatch.setenv("WAYBILL_CONCURRENCY", "50")
    environment = Environment()
    records = [
        {
            "messageId": delivery.message_id,
            "receiptHandle": delivery.receipt_handle,
            "body": delivery.body,
            "attributes": {"ApproximateReceiveCount": str(delivery.receive_count)},
        }
        for delivery in trace
    ]
    try:
        answer = await asyncio.to_thread(environment.invoke, {"Records": records}, Context())
    finally:
        await asyncio.to_thread(environment.close)
    assert await _rows(tasks) == by_worker
    assert [failure["itemIdentifier"] for failure in answer["batchItemFailures"]] == kept_by_worker
    assert len(kept_by_worker) == 4  # busy, of another kind than its twin, unknown so far, from the future
