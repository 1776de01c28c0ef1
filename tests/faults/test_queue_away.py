"""The queue goes away, or is deleted with all that is in it: nothing accepted is lost."""

import asyncio

import pytest
from waybill_dev.ministack import delete_queues

from tests.stack.processes import Until
from tests.stack.stack import Stack

TASKS = 100


@pytest.mark.both_shells
async def test_a_hundred_tasks_accepted_while_the_queue_is_away_are_finished_once_it_is_back(
    stack: Stack, until: Until
) -> None:
    await stack.start()
    stack.sqs.stop()
    task_ids = await asyncio.gather(*(stack.api.submit(f"task {number}") for number in range(TASKS)))

    async def queue_is_degraded() -> bool:
        answer = await stack.api.get("/health/ready")
        assert answer.status == 200
        return answer.body["degraded"] == ["queue"]

    await until(queue_is_degraded)
    assert await stack.records.statuses() == {"pending": TASKS}
    assert await stack.records.value("SELECT count(*) FROM outbox") == TASKS

    stack.sqs.start()
    stack.sqs.create_queues()
    if stack.shell == "lambda":  # MiniStack lost the function as well
        await stack.start_processor()
    await until(lambda: stack.records.each_completed_once(task_ids), within_seconds=30)
    await until(stack.is_queue_empty)
    ready = await stack.api.get("/health/ready")
    assert ready.body["degraded"] == []


@pytest.mark.both_shells
async def test_a_hundred_tasks_whose_queue_was_deleted_with_their_messages_are_all_finished(
    stack: Stack, until: Until
) -> None:
    stack.configure(reconcile_grace_seconds=1)
    await stack.start_api()
    task_ids = await asyncio.gather(*(stack.api.submit(f"task {number}") for number in range(TASKS)))
    await until(lambda: stack.sqs.depth().visible == TASKS)
    delete_queues(stack.sqs.endpoint)
    stack.sqs.create_queues()
    assert stack.is_queue_empty()

    await stack.start_processor()
    await until(lambda: stack.records.each_completed_once(task_ids), within_seconds=20)
    assert await stack.records.value("SELECT min(reconcile_count) FROM tasks") >= 1
    await until(stack.is_queue_empty)


@pytest.mark.both_shells
async def test_a_few_tasks_whose_messages_are_lost_are_finished_too(stack: Stack, until: Until) -> None:
    stack.configure(reconcile_grace_seconds=1)
    await stack.start_api()
    task_ids = await asyncio.gather(*(stack.api.submit(f"task {number}") for number in range(20)))
    await until(lambda: stack.sqs.depth().visible == len(task_ids))
    lost = stack.take_messages(5)
    assert len(lost) == 5
    await until(lambda: stack.sqs.depth().visible == len(task_ids), within_seconds=10)
    assert await stack.records.value("SELECT sum(reconcile_count) FROM tasks") == len(lost)

    await stack.start_processor()
    # Which messages are gone SQS does not say: those put back may be others, that had theirs still. Now that these are
    # worked, the gap shows again.
    await until(lambda: stack.records.each_completed_once(task_ids), within_seconds=30)
    await until(stack.is_queue_empty)
