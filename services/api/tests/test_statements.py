"""Every statement, against the migrated database, as the role that runs it."""

import pytest
from waybill_api.store import probe, tasks

pytestmark = pytest.mark.store

ARGUMENTS = {"uuid": "gen_random_uuid()", "text": "'x'", "bigint": "50", "integer": "50", "float8": "1"}
STATEMENTS = {
    "accept": tasks.ACCEPT,
    "find": tasks.FIND,
    "probe": probe.PROBE,
    **{
        f"page of {status}, {'one kind' if kind else 'all kinds'}, {'held' if held else 'held or not'}": sql
        for (status, kind, held), sql in tasks.PAGES.items()
    },
}


async def explain(connection, statement, settings=()):
    """The plan of a prepared statement with some value for each parameter."""
    async with connection.transaction():
        for setting in settings:
            await connection.execute(f"SET LOCAL {setting}")
        prepared = await connection.prepare(statement)
        values = [_literal(kind.name) for kind in prepared.get_parameters()]
        await connection.execute(f"PREPARE explained AS {statement}")
        rows = await connection.fetch(
            f"EXPLAIN EXECUTE explained ({', '.join(values)})" if values else f"EXPLAIN {statement}"
        )
        await connection.execute("DEALLOCATE explained")
    return "\n".join(row[0] for row in rows)


def _literal(name):
    return (
        f"'{{}}'::{name}"
        if name.endswith("[]")
        else ARGUMENTS[name.replace("int8", "bigint").replace("int4", "integer")]
    )


@pytest.mark.parametrize("name", list(STATEMENTS))
async def test_the_api_role_may_run_the_statement(database, name):
    assert await explain(await database.connect("waybill_api"), STATEMENTS[name])


@pytest.mark.parametrize(
    ("status", "index"),
    [
        (None, "tasks_tenant_id_idx"),
        ("pending", "tasks_live_idx"),
        ("processing", "tasks_live_idx"),
        ("completed", "tasks_tenant_id_idx"),
        ("failed", "tasks_failed_idx"),
        ("cancelled", "tasks_cancel_idx"),
    ],
)
async def test_a_list_by_status_can_walk_the_index_made_for_it(database, status, index):
    owner = await database.connect("waybill_owner")
    # Few tasks of each status but completed, as in a store that has run for a while.
    await owner.execute(MANY_TASKS)
    await owner.execute("ANALYZE tasks")
    plan = await explain(await database.connect("waybill_api"), tasks.PAGES[status, False, False])
    assert index.removeprefix("tasks") in plan, plan  # each partition has its own, named after it


MANY_TASKS = """
INSERT INTO tasks (id, kind, payload_version, title, payload, status, result, error, fence, worker, lease_until,
                   cancel_requested_at, finished_at)
SELECT gen_random_uuid(), 'note.process', 1, 't', '{}', s,
       CASE s WHEN 'completed' THEN '{}'::jsonb END, CASE s WHEN 'failed' THEN '{}'::jsonb END, 1,
       CASE s WHEN 'processing' THEN 'w' END, CASE s WHEN 'processing' THEN now() END,
       CASE s WHEN 'cancelled' THEN now() END, CASE WHEN s NOT IN ('pending', 'processing') THEN now() END
FROM generate_series(1, 20000) n, LATERAL (
    SELECT CASE WHEN n % 100 < 96 THEN 'completed'
                ELSE (ARRAY['pending', 'processing', 'failed', 'cancelled'])[n % 100 - 95] END AS s
) AS statuses
"""
