"""Each CHECK constraint refuses what it is there for, and the trigger lets backfills pass."""

import asyncpg
import pytest

NEW = """INSERT INTO tasks (id, kind, payload_version, title, payload, {})
    VALUES (gen_random_uuid(), 'a.b', 1, '', '{{}}', {})"""
REFUSED = {
    "tasks_status_check": NEW.format("status", "'running'"),
    "tasks_finished_check": "UPDATE tasks SET finished_at = now()",
    "tasks_lease_check": "UPDATE tasks SET lease_until = now()",
    "tasks_result_check": "UPDATE tasks SET result = '{}'",
    "tasks_attempt_check": "UPDATE tasks SET attempt = 1, fence = 0",
    "tasks_dispatch_check": "UPDATE tasks SET dispatch = 0",
    "outbox_reason_check": "INSERT INTO outbox (task_id, dispatch, reason) VALUES (gen_random_uuid(), 1, 'whim')",
    "attempts_outcome_check": """INSERT INTO attempts (task_id, fence, attempt, outcome, worker, started_at)
        VALUES (gen_random_uuid(), 1, 1, 'won', 'w', now())""",
    "dead_letters_origin_check": """INSERT INTO dead_letters (message_id, reason, detail, body, origin, receive_count)
        VALUES ('m', 'not_json', '', '', 'mailbox', 1)""",
}
OTHER_WAYS = [
    ("tasks_lease_check", "processing", "UPDATE tasks SET worker = NULL"),
    ("tasks_lease_check", "processing", "UPDATE tasks SET lease_until = NULL"),
    ("tasks_lease_check", "processing", "UPDATE tasks SET status = 'failed', error = '{}', finished_at = now()"),
    ("tasks_finished_check", "pending", "UPDATE tasks SET status = 'cancelled'"),
    ("tasks_error_check", "processing", LEFT := """UPDATE tasks SET status = 'failed', finished_at = now(),
        lease_until = NULL, worker = NULL"""),
    ("tasks_result_check", "processing", LEFT.replace("failed", "completed")),
    ("tasks_attempt_check", "processing", "UPDATE tasks SET attempt = -1, fence = fence + 1"),
    ("tasks_attempt_check", "processing", "UPDATE tasks SET max_attempts = 0"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("constraint", "status", "statement"), [(name, "pending", sql) for name, sql in REFUSED.items()] + OTHER_WAYS
)
async def test_a_check_refuses_what_it_is_there_for(tasks, constraint, status, statement):
    await tasks.add(status)
    with pytest.raises(asyncpg.CheckViolationError) as refused:
        await tasks.owner.execute(statement)
    assert refused.value.constraint_name == constraint


async def test_no_check_is_left_untried(tasks):
    rows = await tasks.owner.fetch("SELECT conname FROM pg_constraint WHERE contype = 'c' AND conrelid <> 0")
    tried = {*REFUSED, *(name for name, _, _ in OTHER_WAYS)}
    assert {row["conname"] for row in rows if not row["conname"].startswith(("cardinal_", "yes_or_no"))} == tried


@pytest.mark.parametrize("status", ["completed", "failed", "cancelled"])
async def test_an_expand_migration_can_backfill_a_new_column_in_final_rows(tasks, status):
    task_id = await tasks.add(status)
    await tasks.owner.execute("ALTER TABLE tasks ADD COLUMN colour text")
    await tasks.owner.execute("UPDATE tasks SET colour = 'red', description = 'backfilled'")
    assert await tasks.owner.fetchval("SELECT colour FROM tasks WHERE id = $1", task_id) == "red"


GUARDED = [
    "status = status",
    "status = 'pending', finished_at = NULL",
    "attempt = attempt + 1, fence = fence + 1",
    "result = '[]'",
    "error = '[]'",
    "finished_at = now() + interval '1 s'",
    "id = gen_random_uuid()",
]


@pytest.mark.parametrize("status", ["completed", "failed", "cancelled"])
async def test_a_final_row_refuses_every_change_of_a_guarded_column(tasks, status):
    await tasks.add(status)
    for change in GUARDED:
        with pytest.raises(asyncpg.CheckViolationError) as refused:
            await tasks.owner.execute(f"UPDATE tasks SET {change}")
        assert refused.value.constraint_name == "tasks_final", change


async def test_a_heartbeat_does_not_wake_the_trigger(tasks):
    """It would cost each of them a function call; a processing row may keep its fence while its lease is renewed."""
    task_id = await tasks.add("processing")
    await tasks.owner.execute("UPDATE tasks SET lease_until = now() + interval '1 min' WHERE id = $1", task_id)


async def test_a_message_is_recorded_once_however_often_it_comes(tasks):
    record = """INSERT INTO dead_letters (message_id, reason, detail, body, origin, receive_count)
        VALUES ('m', 'not_json', '', '', 'queue', 1)"""
    await tasks.owner.execute(record)
    with pytest.raises(asyncpg.UniqueViolationError):
        await tasks.owner.execute(record)


async def test_a_task_has_one_outbox_row_and_a_fence_one_attempt(tasks):
    task_id = await tasks.add()
    for statement in (
        "INSERT INTO outbox (task_id, dispatch, reason) VALUES ($1, 1, 'accept')",
        """INSERT INTO attempts (task_id, fence, attempt, outcome, worker, started_at)
            VALUES ($1, 1, 1, 'succeeded', 'w', now())""",
    ):
        await tasks.owner.execute(statement, task_id)
        with pytest.raises(asyncpg.UniqueViolationError):
            await tasks.owner.execute(statement, task_id)
