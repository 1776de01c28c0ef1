"""How a task can end, by a webhook whose receiver does what the test says."""

from typing import Any

import pytest

from tests.stack.processes import Until
from tests.stack.receiver import Receiver
from tests.stack.stack import Stack


@pytest.mark.both_shells
async def test_a_task_that_fails_twice_is_tried_a_third_time_and_completes(
    stack: Stack, receiver: Receiver, until: Until
) -> None:
    await stack.start()
    task_id = await stack.api.submit_webhook(receiver.answer("/flaky", 500, 503, 200))

    async def completed() -> bool:
        return await stack.api.status(task_id) == "completed"

    await until(completed, within_seconds=15)
    task = await stack.api.task(task_id)
    assert (task["attempt"], task["result"]["status_code"], task["error"]) == (3, 200, None)
    assert await stack.records.outcomes(task_id) == ["retryable", "retryable", "succeeded"]
    assert receiver.hits["/flaky"] == 3
    await until(stack.is_queue_empty)


@pytest.mark.both_shells
async def test_both_versions_of_a_webhook_are_delivered(stack: Stack, receiver: Receiver, until: Until) -> None:
    await stack.start()
    older = {"url": receiver.url + "/1", "body": {"order": 7}}
    newer = {"url": receiver.url + "/2", "body": '{"order" : 7}\n', "method": "PUT", "headers": {"x-event": "paid"}}
    await stack.api.submit(kind="webhook.deliver", payload=older)
    await stack.api.submit(kind="webhook.deliver", payload=newer, payload_version=2)
    await until(lambda: stack.records.all_completed(2))
    assert receiver.texts == {"/1": 'POST {"order":7}', "/2": 'PUT {"order" : 7}\n'}


@pytest.mark.both_shells
async def test_a_task_that_waits_for_its_retry_is_pending_with_its_error_and_its_time(
    stack: Stack, receiver: Receiver, until: Until
) -> None:
    await stack.start()
    task_id = await stack.api.submit_webhook(receiver.answer("/flaky", 503, 200))

    async def failed_once() -> Any:
        task = await stack.api.task(task_id)
        return task["status"] == "pending" and task["attempt"] == 1 and task

    task = await until(failed_once)
    assert task["available_at"] > task["started_at"]
    assert "503" in task["error"]["message"]
    await until(stack.is_queue_empty)  # the database waits, not a message


@pytest.mark.both_shells
async def test_permanent_failures_fail_at_the_first_attempt(stack: Stack, receiver: Receiver, until: Until) -> None:
    await stack.start()
    task_ids = [await stack.api.submit_webhook(receiver.answer(f"/{status}", status)) for status in (400, 410, 302)]
    await until(lambda: _all_failed(stack, 3))
    for task_id, status in zip(task_ids, (400, 410, 302), strict=True):
        task = await stack.api.task(task_id)
        assert (task["attempt"], task["error"]["code"]) == (1, "permanent")
        assert str(status) in task["error"]["message"]
        assert await stack.records.outcomes(task_id) == ["permanent"]
        assert receiver.hits[f"/{status}"] == 1
    assert await stack.records.completions() == {}
    await until(stack.is_queue_empty)


@pytest.mark.both_shells
async def test_a_task_whose_attempts_are_spent_fails_with_its_last_error(
    stack: Stack, receiver: Receiver, until: Until
) -> None:
    await stack.start()
    task_id = await stack.api.submit_webhook(receiver.answer("/broken", 500))
    await until(lambda: _all_failed(stack, 1), within_seconds=30)
    task = await stack.api.task(task_id)
    assert task["attempt"] == task["max_attempts"] == receiver.hits["/broken"] == 8
    assert "500" in task["error"]["message"]
    assert await stack.records.outcomes(task_id) == ["retryable"] * 7 + ["permanent"]


async def _all_failed(stack: Stack, number: int) -> bool:
    return await stack.records.statuses() == {"failed": number}
