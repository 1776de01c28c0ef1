"""Claims and retries rewrite a task in its page and touch no index: that is what keeps a busy table small."""

import pytest

CLAIM = """
UPDATE tasks SET status = 'processing', attempt = attempt + 1, fence = fence + 1, max_attempts = 8,
    lease_until = clock_timestamp() + interval '45 s', worker = 'w', claimed_at = clock_timestamp(),
    started_at = coalesce(started_at, clock_timestamp()), held_at = NULL
"""
HEARTBEAT = "UPDATE tasks SET lease_until = clock_timestamp() + interval '45 s'"
RETRY = """
UPDATE tasks SET status = 'pending', error = '{"code": "handler_error", "message": "again"}', dispatch = dispatch + 1,
    available_at = clock_timestamp() + interval '2 s', lease_until = NULL, worker = NULL
"""
RELEASE = """
UPDATE tasks SET status = 'pending', attempt = attempt - 1, dispatch = dispatch + 1, available_at = clock_timestamp(),
    lease_until = NULL, worker = NULL
"""
HOT = """SELECT sum(n_tup_upd)::int, sum(n_tup_hot_upd)::int FROM pg_stat_xact_user_tables
    WHERE relid IN (SELECT relid FROM pg_partition_tree('tasks'))"""


@pytest.mark.parametrize(
    ("verb", "status", "statement"),
    [
        ("claim", "pending", CLAIM),
        ("heartbeat", "processing", HEARTBEAT),
        ("retry", "processing", RETRY),
        ("release", "processing", RELEASE),
    ],
)
async def test_a_verb_that_does_not_end_a_task_touches_no_index(database, tasks, verb, status, statement):
    await tasks.add(status)
    processor = await database.connect("waybill_processor")
    async with processor.transaction():
        await processor.execute(statement)
        assert tuple(await processor.fetchrow(HOT)) == (1, 1)
