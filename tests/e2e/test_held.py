"""Tasks that no processor reads yet: held, uncharged, until one comes that does."""

from typing import Any

import pytest

from tests.stack.processes import Until
from tests.stack.stack import Stack

# As the API of a later release writes them.
ACCEPT = """
WITH accepted AS (
    INSERT INTO tasks (id, kind, payload_version, title, payload)
    VALUES (gen_random_uuid(), $1, $2, 'of a later release', '{}') RETURNING id
)
INSERT INTO outbox (task_id, dispatch, reason) SELECT id, 1, 'accept' FROM accepted
"""
HELD_EARLIER = """
WITH held AS (
    INSERT INTO tasks (id, kind, payload_version, title, payload, held_at, held_reason)
    VALUES (gen_random_uuid(), 'note.process', 1, 'held by an older processor', '{}', now(),
        'no processor reads note.process version 1 yet') RETURNING id
)
INSERT INTO outbox (task_id, dispatch, reason, available_at) SELECT id, 2, 'hold', now() + interval '1 hour' FROM held
"""


@pytest.mark.both_shells
async def test_a_task_that_the_worker_does_not_read_is_held_uncharged(stack: Stack, until: Until) -> None:
    await stack.start()
    await stack.records.execute(ACCEPT, "letter.print", 1)  # a kind
    await stack.records.execute(ACCEPT, "note.process", 2)  # a version

    async def held() -> Any:
        rows = await stack.records.rows("SELECT * FROM tasks WHERE held_at IS NOT NULL")
        return len(rows) == 2 and rows

    tasks = await until(held)
    for task in tasks:
        assert (task["status"], task["attempt"], task["fence"]) == ("pending", 0, 0)
        shown = await stack.api.task(str(task["id"]))
        reason = f"no processor reads {task['kind']} version {task['payload_version']} yet"
        assert (shown["status"], shown["attempt"], shown["held"]["reason"]) == ("pending", 0, reason)
    listed = (await stack.api.get("/tasks?held=true")).body["items"]
    assert {item["id"] for item in listed} == {str(task["id"]) for task in tasks}
    # The database waits with them, not a message.
    await until(stack.is_queue_empty)
    waiting = await stack.records.rows("SELECT reason, dispatch, available_at > now() AS later FROM outbox")
    assert waiting == [{"reason": "hold", "dispatch": 2, "later": True}] * 2
    assert await stack.records.dead_letters() == []


@pytest.mark.both_shells
async def test_a_held_task_goes_by_itself_once_a_processor_that_reads_it_is_there(stack: Stack, until: Until) -> None:
    await stack.start_api()
    await stack.records.execute(HELD_EARLIER)
    [task] = (await stack.api.get("/tasks?held=true")).body["items"]
    assert task["held"]["reason"] == "no processor reads note.process version 1 yet"
    await stack.start_processor()
    await stack.register_processor()
    await until(lambda: stack.records.all_completed(1))
    after = await stack.api.task(task["id"])
    assert (after["status"], after["attempt"], after["held"]) == ("completed", 1, None)
    assert (await stack.api.get("/tasks?held=true")).body["items"] == []
    assert await stack.records.value("SELECT coalesce(held_at::text, held_reason) FROM tasks") is None
