"""A worker dies or freezes in the middle: all tasks finish, none is completed twice."""

import asyncio
import signal

from tests.stack.processes import Service, Until
from tests.stack.receiver import Receiver
from tests.stack.stack import Stack

TASKS = 60


async def test_all_tasks_finish_once_although_a_worker_is_killed_in_the_middle(
    stack: Stack, receiver: Receiver, until: Until
) -> None:
    stack.configure(lease_seconds=3, heartbeat_seconds=0.5, visibility_seconds=5, concurrency=10)
    workers = await stack.start(workers=2)
    slow, held = receiver.slow("/slow", 0.3), receiver.hold("/held")
    urls = [slow if number % 6 else held for number in range(TASKS)]
    task_ids = await asyncio.gather(*map(stack.api.submit_webhook, urls))

    async def holder_in_the_middle() -> Service | None:
        succeeded = await stack.records.attempts_that("succeeded")
        holders = [worker for worker in workers if await stack.records.running_in(worker.pid, held)]
        return holders[0] if holders and succeeded >= 5 else None

    victim = await until(holder_in_the_middle)
    victim.kill()
    receiver.release("/held")
    assert len(await stack.records.completions()) < TASKS
    await stack.start_worker()
    await until(lambda: stack.records.each_completed_once(task_ids), within_seconds=30)
    assert await stack.records.attempts_that("lost") >= 1
    assert await stack.records.attempts_that("succeeded") == TASKS
    await until(stack.is_queue_empty, within_seconds=15)


async def test_tasks_survive_workers_that_are_killed_again_and_again(
    stack: Stack, receiver: Receiver, until: Until
) -> None:
    stack.configure(lease_seconds=2, heartbeat_seconds=0.5, visibility_seconds=5, concurrency=10)
    await stack.start_api()
    held = receiver.hold("/held")
    task_ids = await asyncio.gather(*(stack.api.submit_webhook(held) for _ in range(30)))
    for _ in range(3):
        worker = await stack.start_worker()
        await until(lambda pid=worker.pid: stack.records.running_in(pid, held), within_seconds=15)
        worker.kill()
    receiver.release("/held")
    await stack.start_worker()
    await until(lambda: stack.records.each_completed_once(task_ids), within_seconds=45)
    assert await stack.records.attempts_that("lost") >= 3
    assert await stack.records.value("SELECT max(attempt) FROM tasks") <= 4


async def test_a_worker_that_was_frozen_beyond_its_lease_answers_too_late(
    stack: Stack, receiver: Receiver, until: Until
) -> None:
    stack.configure(lease_seconds=2, heartbeat_seconds=0.5, visibility_seconds=5)
    [frozen] = await stack.start()
    held = receiver.hold("/held")
    task_id = await stack.api.submit_webhook(held)
    await until(lambda: receiver.hits["/held"] == 1)

    frozen.send(signal.SIGSTOP)
    receiver.release("/held")  # its answer waits in the frozen worker's socket
    receiver.hold("/held")
    successor = await stack.start_worker()
    await until(lambda: receiver.hits["/held"] == 2, within_seconds=15)
    assert await stack.records.outcomes(task_id) == ["lost"]

    frozen.send(signal.SIGCONT)
    fenced = await frozen.until_logged("task.fenced")
    assert (fenced["task_id"], fenced["fence"]) == (task_id, 1)
    assert await stack.api.status(task_id) == "processing"
    assert await stack.records.running_in(successor.pid, held) == 1
    assert await stack.records.completions() == {}

    receiver.release("/held")
    await until(lambda: stack.records.each_completed_once([task_id]))
    assert await stack.records.outcomes(task_id) == ["lost", "succeeded"]
    await until(stack.is_queue_empty, within_seconds=15)
    assert frozen.is_running
