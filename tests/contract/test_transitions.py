"""The trigger refuses exactly what the table of transitions does not list, whatever the role."""

from itertools import product

import asyncpg
from waybill_contracts import TRANSITIONS, TaskStatus, is_final

EDGES = {edge for edges in TRANSITIONS.values() for edge in edges}
STAYS = {(TaskStatus.PENDING, TaskStatus.PENDING)}
"""No verb's: hold, unhold and reconcile touch a task that stays pending."""

COLUMNS = {
    TaskStatus.PENDING: "lease_until = NULL, worker = NULL, result = NULL, finished_at = NULL",
    TaskStatus.PROCESSING: "lease_until = now(), worker = 'w', result = NULL, finished_at = NULL",
    TaskStatus.COMPLETED: "lease_until = NULL, worker = NULL, result = '{}', finished_at = now()",
    TaskStatus.FAILED: "lease_until = NULL, worker = NULL, result = NULL, error = '{}', finished_at = now()",
    TaskStatus.CANCELLED: "lease_until = NULL, worker = NULL, result = NULL, finished_at = now()",
}
"""What the CHECK constraints want beside each status, so that only the trigger can object."""
FENCES = {"falls": 4, "stays": 5, "grows": 6}
NEW = """INSERT INTO tasks (id, kind, payload_version, title, payload, fence, attempt)
    VALUES (gen_random_uuid(), 'note.process', 1, '', '{}', 5, 1) RETURNING id"""


def may(before, after, fence):
    """What the contracts say: the edge is listed, the fence never falls, and every claim makes it grow."""
    if is_final(before) or (before, after) not in EDGES | STAYS:
        return False
    return fence == "grows" or (fence == "stays" and after is not TaskStatus.PROCESSING)


async def test_the_database_allows_exactly_the_transitions_of_the_contracts(database):
    owner = await database.connect("waybill_owner")
    differences = []
    for before, after, fence in product(TaskStatus, TaskStatus, FENCES):
        task_id = await owner.fetchval(NEW)
        await owner.execute("ALTER TABLE tasks DISABLE TRIGGER USER")
        await owner.execute(f"UPDATE tasks SET status = '{before}', {COLUMNS[before]} WHERE id = $1", task_id)
        await owner.execute("ALTER TABLE tasks ENABLE TRIGGER USER")
        happened = await outcome(owner, task_id, after, FENCES[fence])
        if happened != ("done" if may(before, after, fence) else "refused"):
            differences.append((before, after, fence, happened))
    assert differences == []


async def outcome(connection, task_id, after, fence):
    try:
        await connection.execute(
            f"UPDATE tasks SET status = '{after}', fence = {fence}, {COLUMNS[after]} WHERE id = $1", task_id
        )
    except asyncpg.CheckViolationError as error:
        known = ("tasks_final", "tasks_transition", "tasks_fence")
        return "refused" if error.constraint_name in known else repr(error)
    return "done"
