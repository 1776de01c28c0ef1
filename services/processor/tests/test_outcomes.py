"""Each verb acts on exactly the state that the table of transitions gives it, and only under the right fence."""

import asyncio
from typing import Any
from uuid import UUID

import pytest
from waybill_contracts import TRANSITIONS, TaskStatus
from waybill_processor.store.outcomes import Ended, Outcomes

pytestmark = pytest.mark.store

VERBS = ("complete", "retry", "fail", "cancel", "release")


@pytest.fixture
async def outcomes(database: Any) -> Outcomes:
    return Outcomes(await database.connect("waybill_processor"), lambda: "me:1")


async def _task_in(tasks: Any, status: TaskStatus, verb: str) -> UUID:
    task_id = await tasks.processing(fence=5, attempt=2)
    if verb == "cancel":
        await tasks.change(task_id, "cancel_requested_at = clock_timestamp()")
    match status:
        case TaskStatus.PENDING:
            await tasks.change(task_id, "status = 'pending', lease_until = NULL, worker = NULL")
        case TaskStatus.COMPLETED | TaskStatus.FAILED | TaskStatus.CANCELLED:
            result = "'{}'" if status is TaskStatus.COMPLETED else "NULL"
            await tasks.change(
                task_id,
                f"status = '{status}', finished_at = now(), lease_until = NULL, worker = NULL, result = {result},"
                " error = '{}'",
            )
        case TaskStatus.PROCESSING:
            pass
    return task_id


async def _end(outcomes: Outcomes, verb: str, task_id: UUID, fence: int) -> bool:
    [held] = await getattr(outcomes, verb)([Ended(task_id, fence, result="{}", error="{}")])
    return held


@pytest.mark.parametrize("status", list(TaskStatus))
@pytest.mark.parametrize("verb", VERBS)
async def test_a_verb_acts_only_on_the_states_of_the_table(
    tasks: Any, outcomes: Outcomes, verb: str, status: TaskStatus
):
    task_id = await _task_in(tasks, status, verb)
    before = await tasks.row(task_id)
    edges = {to for source, to in TRANSITIONS[verb] if source is status and status is TaskStatus.PROCESSING}
    assert await _end(outcomes, verb, task_id, 5) == bool(edges)
    after = await tasks.row(task_id)
    if edges:
        assert after["status"] in edges
        assert len(await tasks.attempts(task_id)) == 1
    else:
        assert after == before


@pytest.mark.parametrize("fence", [4, 6])
@pytest.mark.parametrize("verb", VERBS)
async def test_a_verb_with_another_fence_changes_nothing(tasks: Any, outcomes: Outcomes, verb: str, fence: int):
    task_id = await _task_in(tasks, TaskStatus.PROCESSING, verb)
    before = await tasks.row(task_id)
    assert not await _end(outcomes, verb, task_id, fence)
    assert await tasks.row(task_id) == before
    assert await tasks.attempts(task_id) == []
    assert await tasks.outbox(task_id) is None


@pytest.mark.parametrize("verb", ["retry", "release"])
async def test_a_task_with_a_requested_cancel_does_not_go_back(tasks: Any, outcomes: Outcomes, verb: str):
    task_id = await _task_in(tasks, TaskStatus.PROCESSING, "cancel")
    assert not await _end(outcomes, verb, task_id, 5)


async def test_a_cancel_that_nobody_requested_changes_nothing(tasks: Any, outcomes: Outcomes):
    task_id = await tasks.processing(fence=5)
    assert not await _end(outcomes, "cancel", task_id, 5)


async def test_a_task_without_attempts_left_is_not_retried(tasks: Any, outcomes: Outcomes):
    task_id = await tasks.processing(fence=8, attempt=8)
    assert not await _end(outcomes, "retry", task_id, 8)


async def test_a_release_gives_the_attempt_back_but_not_the_fence(tasks: Any, outcomes: Outcomes):
    task_id = await tasks.processing(fence=5, attempt=2)
    assert await _end(outcomes, "release", task_id, 5)
    row = await tasks.row(task_id)
    assert (row["attempt"], row["fence"], row["dispatch"]) == (1, 5, 2)
    assert await tasks.attempts(task_id) == [(5, 2, "released")]
    assert (await tasks.outbox(task_id))["wait"].total_seconds() <= 0


async def test_a_later_dispatch_replaces_one_that_still_waits(tasks: Any, outcomes: Outcomes):
    task_id = await tasks.processing(fence=1)
    await tasks.fetch("INSERT INTO outbox (task_id, dispatch, reason) VALUES ($1, 1, 'reconcile')", task_id)
    assert await _end(outcomes, "retry", task_id, 1)
    assert (await tasks.outbox(task_id))["dispatch"] == 2


async def test_of_two_processes_that_end_the_same_tasks_each_task_is_ended_by_one(tasks: Any, database: Any):
    both = [Outcomes(await database.connect("waybill_processor"), lambda: "me:2") for _ in range(2)]
    ids = [await tasks.processing(fence=1) for _ in range(60)]
    ended = [Ended(task_id, 1, result="{}") for task_id in ids]
    first, second = await asyncio.gather(both[0].complete(ended), both[1].complete(ended[::-1]))
    assert [a != b for a, b in zip(first, second[::-1], strict=True)] == [True] * 60
