"""Statements on the wire, not timings: what a batch of tasks costs in round trips (fixture `wire` counts them)."""

import asyncio
from typing import Any

import pytest
from waybill_processor.delivery import Acknowledge

pytestmark = pytest.mark.store

BIND, PARSE, SYNC, QUERY = b"B", b"P", b"S", b"Q"


@pytest.fixture
async def warm(wire: Any, open_with: Any, tasks: Any, deliver: Any, echo: Any) -> Any:
    """A processor behind a counted wire, its statements prepared; payload text "slow" waits for `finish`."""
    finish = asyncio.Event()

    async def work(payload: Any, task: Any) -> Any:
        if payload.text == "slow":
            await finish.wait()
        return echo.Result(text="")

    url, sent = await wire("waybill_processor")
    # Neither a heartbeat nor a further connection's first use of a statement may fall into the count, however slow the
    # machine: each connection prepares for itself, and the look for held tasks at start may have used one already.
    processor = await open_with(work, database_url=url, heartbeat_seconds=1000, lease_seconds=3000, connections=1)
    await processor.process([deliver(await tasks.insert()) for _ in range(2)])
    sent.clear()
    return processor, sent, finish


async def test_ten_instant_handlers_cost_one_claim_and_at_most_two_completion_statements(
    warm: Any, tasks: Any, deliver: Any
):
    processor, sent, _ = warm
    ids = [await tasks.insert() for _ in range(10)]
    assert await processor.process([deliver(task_id) for task_id in ids]) == [Acknowledge()] * 10
    assert {(await tasks.row(task_id))["status"] for task_id in ids} == {"completed"}
    assert 2 <= sent[BIND] <= 3
    assert sent[SYNC] == sent[BIND]  # one round trip each: no BEGIN, no COMMIT, no reset
    assert sent[PARSE] == sent[QUERY] == 0


async def test_nine_tasks_are_completed_while_a_tenth_runs_on(warm: Any, tasks: Any, deliver: Any, until: Any):
    processor, _, finish = warm
    slow = await tasks.insert(payload='{"text": "slow"}')
    quick = [await tasks.insert() for _ in range(9)]
    running = asyncio.create_task(processor.process([deliver(task_id) for task_id in (slow, *quick)]))

    async def nine_completed() -> bool:
        return len(await tasks.fetch("SELECT FROM tasks WHERE status = 'completed' AND id = ANY ($1)", quick)) == 9

    await until(nine_completed)
    assert not running.done()
    finish.set()
    assert await running == [Acknowledge()] * 10
