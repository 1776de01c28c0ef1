"""The relay is killed while it publishes: duplicates at most, nothing lost."""

import asyncio
import signal

from tests.stack.processes import Until
from tests.stack.stack import Stack

TASKS = 100


async def test_a_relay_killed_between_sending_and_committing_sends_again_and_loses_nothing(
    stack: Stack, until: Until
) -> None:
    stack.configure(relay="apart")
    await stack.start_api()
    task_ids = await asyncio.gather(*(stack.api.submit(f"task {number}") for number in range(TASKS)))
    assert stack.is_queue_empty()  # the API itself publishes nothing

    # A frozen queue holds the relay where it is most delicate: messages sent, the transaction not committed.
    stack.signal_queue(signal.SIGSTOP)
    relay = await stack.start_relay()
    await until(lambda: stack.requests_at_frozen_queue() >= TASKS / 10)
    assert "idle in transaction" in await _relay_transactions(stack)
    relay.kill()
    await until(lambda: _has_let_go(stack))
    stack.signal_queue(signal.SIGCONT)
    assert await stack.records.value("SELECT count(*) FROM outbox") == TASKS

    await stack.start_relay()
    await until(stack.records.is_outbox_empty)
    assert {message.body.partition('"subject":"')[2][:36] for message in stack.messages()} == set(task_ids)
    assert len(stack.messages()) > TASKS  # the fault has fired: some were sent twice
    await stack.start_worker()
    await until(lambda: stack.records.each_completed_once(task_ids), within_seconds=15)
    await until(stack.is_queue_empty)


async def test_a_relay_that_is_killed_and_started_again_and_again_publishes_everything(
    stack: Stack, until: Until
) -> None:
    stack.configure(relay="apart")
    await stack.start_api()
    task_ids = await asyncio.gather(*(stack.api.submit(f"task {number}") for number in range(1500)))
    for published in (100, 400, 700):
        relay = await stack.start_relay()
        await until(lambda published=published: stack.sqs.depth().visible >= published)
        relay.kill()
        assert not await stack.records.is_outbox_empty()
    await stack.start_relay()
    await stack.start_worker()
    await until(lambda: stack.records.each_completed_once(task_ids), within_seconds=30)
    await until(stack.is_queue_empty)


async def _relay_transactions(stack: Stack) -> list[str]:
    rows = await stack.records.rows(
        "SELECT state FROM pg_stat_activity WHERE application_name = 'waybill-relay' AND datname = current_database()"
    )
    return [row["state"] for row in rows]


async def _has_let_go(stack: Stack) -> bool:
    return await _relay_transactions(stack) == []
