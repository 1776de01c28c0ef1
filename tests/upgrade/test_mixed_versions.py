"""The API of one release beside the processor of another, on the newest schema."""

import asyncio

import pytest

from tests.stack.processes import Until
from tests.stack.receiver import Receiver
from tests.stack.stack import Stack
from tests.upgrade.editions import Pair
from tests.upgrade.expectations import each_task_went_well, unexpected
from tests.upgrade.load import open_load

TASKS = 300


@pytest.mark.parametrize("newer", ["the processor", "the API"])
async def test_both_services_work_with_the_release_before_or_after_theirs(
    stack: Stack, receiver: Receiver, until: Until, old: Pair, new: Pair, newer: str
) -> None:
    api, processor = (old.api, new.processor) if newer == "the processor" else (new.api, old.processor)
    # A processor of 0.1 can hold a task while the relay drops its first dispatch: then the reconciler brings the next.
    stack.configure(webhook_secret="signed in the test", reconcile_grace_seconds=8)
    _, worker = await asyncio.gather(stack.start_api(api.commands), stack.start_worker(processor.commands))
    editions = {worker: processor}

    async with open_load(receiver.url + "/hook") as load:
        door = load.open(stack.api, api)
        await asyncio.gather(*(load.submit(door) for _ in range(TASKS)))
    assert sum(door.accepted.values()) == TASKS

    if unread := door.accepted.keys() - processor.read_payloads:
        waiting = sum(door.accepted[contract] for contract in unread)
        await until(lambda: is_held(stack, waiting), within_seconds=20)
        shown = (await stack.api.get(f"/tasks?held=true&limit={min(waiting, 200)}")).body["items"]
        assert [bool(task["held"]["reason"]) for task in shown] == [True] * min(waiting, 200)
        await worker.stop()  # it would hold them anew
        editions[await stack.start_worker(new.processor.commands)] = new.processor
    await each_task_went_well(stack, load.accepted, until)
    assert unexpected(stack.services, editions, load.accepted) == []


async def is_held(stack: Stack, number: int) -> bool:
    """Whether all is done but so many tasks, which wait for a processor that reads them."""
    held = await stack.records.value("SELECT count(*) FROM tasks WHERE held_at IS NOT NULL AND attempt = 0")
    statuses = await stack.records.statuses()
    return held == number == statuses["pending"] == statuses.total() - statuses["completed"]
