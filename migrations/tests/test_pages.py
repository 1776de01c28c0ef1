"""Where rows lie: a task's versions on one page, and none of the new tasks' on the pages of the finished."""

import pytest

NUMBER = 400
ACCEPT = """
INSERT INTO tasks (id, kind, payload_version, title, description, payload)
SELECT ($1 || lpad(to_hex(n), 12, '0'))::uuid, 'note.process', 1, 'Quarterly report', 'Figures of the third quarter',
    '{"include_description": true, "utc_offset_minutes": 0}' FROM generate_series(1, $2) n
"""
CLAIM = """
UPDATE tasks SET status = 'processing', attempt = 1, fence = 1, max_attempts = 8, worker = 'w',
    lease_until = clock_timestamp() + interval '45 s', claimed_at = clock_timestamp(), started_at = clock_timestamp()
"""
COMPLETE = """
UPDATE tasks SET status = 'completed', result = '{"message": "Processed", "processed_at": "2026-01-01T00:00:00Z"}',
    finished_at = clock_timestamp(), lease_until = NULL, worker = NULL
"""
PAGES = "SELECT id, (ctid::text::point)[0]::int AS page FROM tasks WHERE id >= ($1 || repeat('0', 12))::uuid"
EARLIER, LATER = "019000000000" + "7" + "0008" + "000", "019000000001" + "7" + "0008" + "000"


@pytest.fixture
async def owner(database):
    return await database.connect("waybill_owner")


async def test_all_versions_of_a_task_lie_on_the_page_of_the_first(owner):
    await owner.execute(ACCEPT, EARLIER, NUMBER)
    accepted = await owner.fetch(PAGES, EARLIER)
    await owner.execute(CLAIM)
    await owner.execute(COMPLETE)
    assert sorted(await owner.fetch(PAGES, EARLIER)) == sorted(accepted)


async def test_the_pages_of_finished_tasks_take_no_new_ones(owner):
    await owner.execute(ACCEPT, EARLIER, NUMBER)
    await owner.execute(CLAIM)
    await owner.execute(COMPLETE)
    finished = {row["page"] for row in await owner.fetch(PAGES, EARLIER)}
    await owner.execute("VACUUM tasks")
    await owner.execute(ACCEPT, LATER, NUMBER)
    new = {row["page"] for row in await owner.fetch(PAGES, LATER)}
    assert len(new) > 10
    assert len(finished & new) <= 1, "the last page may still be filled up"
