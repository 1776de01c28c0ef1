"""What only a function meets: whole batches, an end of its time, a kill, a deploy under load. The zip is deployed."""

import asyncio
import io
import zipfile
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.stack import function
from tests.stack.processes import Until
from tests.stack.receiver import Receiver
from tests.stack.stack import Stack

pytestmark = pytest.mark.parametrize("shell", ["lambda"], indirect=True)

COLD_SECONDS = 20


@pytest.fixture
async def relayed(stack: Stack) -> Stack:
    """A stack whose API is up, and whose function is not deployed yet, so that messages gather into batches."""
    await stack.start_api()
    return stack


async def _in_queue(stack: Stack, until: Until, count: int) -> None:
    await until(lambda: stack.sqs.depth().visible == count)


async def test_the_attempts_record_names_the_function_and_its_request_and_the_queue_ends_empty(
    relayed: Stack, until: Until
) -> None:
    task_id = await relayed.api.submit("Complete Flow Test")
    await relayed.start_processor()
    await until(lambda: relayed.records.each_completed_once([task_id]), within_seconds=COLD_SECONDS)
    [attempt] = await relayed.records.rows("SELECT worker, outcome FROM attempts")
    name, _, request_id = attempt["worker"].partition("/")
    assert (name, attempt["outcome"], len(request_id)) == (function.NAME, "succeeded", 36)
    await until(relayed.is_queue_empty)


async def test_a_batch_of_ten_with_four_poison_messages_works_six_and_hands_none_back(
    relayed: Stack, until: Until
) -> None:
    good = [await relayed.api.submit(f"task {number}") for number in range(6)]
    for number in range(4):
        relayed.send_message(f"poison {number}")
    await _in_queue(relayed, until, 10)
    await relayed.start_processor()
    await until(lambda: relayed.records.each_completed_once(good), within_seconds=COLD_SECONDS)
    await until(relayed.is_queue_empty)
    letters = await relayed.records.dead_letters()
    assert [(letter["reason"], letter["receive_count"]) for letter in letters] == [("not_json", 1)] * 4


async def test_a_batch_with_one_message_twice_has_one_effect(relayed: Stack, until: Until) -> None:
    task_id = await relayed.api.submit("twice")
    await _in_queue(relayed, until, 1)
    [waiting] = relayed.messages()
    relayed.send_message(waiting.body)
    await relayed.start_processor()
    await until(lambda: relayed.records.each_completed_once([task_id]), within_seconds=COLD_SECONDS)
    await until(relayed.is_queue_empty)
    assert await relayed.records.outcomes(task_id) == ["succeeded"]


async def test_an_invocation_that_runs_out_of_time_hands_the_rest_back_uncharged(
    relayed: Stack, receiver: Receiver, until: Until
) -> None:
    relayed.come_again_after(6)
    relayed.configure(concurrency=1)
    slow = receiver.slow("/slow", 2)
    task_ids = [await relayed.api.submit_webhook(slow) for _ in range(3)]
    await _in_queue(relayed, until, 3)
    # A handler may take 30 s, and 5 s must be left: after the first, 37 s are no longer enough to begin another.
    settings = {**relayed.settings, "WAYBILL_DATABASE_URL": relayed.database_url("waybill_processor")}
    await asyncio.to_thread(function.deploy, relayed.sqs, settings, 37)
    await until(lambda: relayed.records.each_completed_once(task_ids), within_seconds=50)
    rows = await relayed.records.rows("SELECT worker, fence, attempt FROM attempts")
    assert [(row["fence"], row["attempt"]) for row in rows] == [(1, 1)] * 3  # handed back unclaimed: nothing charged
    assert len({row["worker"] for row in rows}) > 1
    await until(relayed.is_queue_empty, within_seconds=15)


async def test_tasks_of_a_function_that_is_killed_in_the_middle_are_done_later_and_once(
    relayed: Stack, receiver: Receiver, until: Until
) -> None:
    relayed.configure(lease_seconds=3, heartbeat_seconds=1)
    held = receiver.hold("/held")
    task_ids = [await relayed.api.submit_webhook(held) for _ in range(5)]
    await _in_queue(relayed, until, 5)
    await relayed.start_processor()
    await until(lambda: receiver.hits["/held"] == 5, within_seconds=COLD_SECONDS)
    assert function.kill_environments(relayed.sqs) > 0
    receiver.release_all()
    await until(lambda: relayed.records.each_completed_once(task_ids), within_seconds=40)
    assert await relayed.records.attempts_that("lost") == 5


def _second_build(build: bytes) -> bytes:
    """The zip with one word of the note's handler changed, so that its results show which build made them."""
    changed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(build)) as old, zipfile.ZipFile(changed, "w", zipfile.ZIP_DEFLATED) as new:
        for entry in old.infolist():
            content = old.read(entry)
            name = Path(entry.filename).name
            if name.startswith("note_process.") and name.endswith(".pyc") and "handlers" in entry.filename:
                continue  # it would be taken for the source, whatever that says
            if name == "note_process.py" and "handlers" in entry.filename:
                assert content.count(b"Processed task") == 1
                content = content.replace(b"Processed task", b"Reprocessed task")
            new.writestr(entry, content)
    return changed.getvalue()


async def test_a_second_deploy_under_load_loses_and_doubles_nothing_and_both_builds_work(
    relayed: Stack, until: Until
) -> None:
    task_ids: list[str] = []
    enough = asyncio.Event()

    async def fifty_a_second() -> None:
        while not enough.is_set():
            tick = asyncio.create_task(asyncio.sleep(0.2))
            task_ids.extend(await asyncio.gather(*(relayed.api.submit(f"task {n}") for n in range(10))))
            await tick

    # MiniStack, unlike AWS, kills the invocations that are under way when the code changes.
    relayed.come_again_after(6)
    relayed.configure(lease_seconds=3, heartbeat_seconds=1)
    await relayed.start_processor()
    load = asyncio.create_task(fifty_a_second())
    await until(lambda: _built(relayed, "Processed"), within_seconds=COLD_SECONDS)
    await asyncio.to_thread(function.redeploy, relayed.sqs, _second_build(function.zip_bytes()))
    await until(lambda: _built(relayed, "Reprocessed"), within_seconds=COLD_SECONDS)
    enough.set()
    await load
    await until(lambda: relayed.records.all_completed(len(task_ids)), within_seconds=30)
    assert await relayed.records.completions() == Counter(task_ids)


async def _built(stack: Stack, word: str) -> Any:
    return await stack.records.value("SELECT count(*) FROM tasks WHERE result ->> 'message' LIKE $1 || ' task%'", word)
