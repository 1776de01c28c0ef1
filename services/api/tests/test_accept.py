"""Accept under concurrency: shared statements, one round trip, neighbours unharmed."""

import asyncio

import pytest
from asyncpg import DataError
from waybill_api.accept import Acceptance
from waybill_api.errors import InvalidRequest, Overloaded
from waybill_api.store.database import Database
from waybill_api.store.tasks import TaskStore
from waybill_api.submission import read_submission
from waybill_runtime.database import open_pool

NOTE = {"title": "a note"}


class CountingStore(TaskStore):
    """Counts the statements that accept."""

    def __init__(self, database):
        super().__init__(database)
        self.batches = []

    async def accept(self, batch, kept_seconds):
        self.batches.append(len(batch))
        return await super().accept(batch)


@pytest.fixture
async def store(database):
    async with open_pool(database.url("waybill_api"), 4, "test") as pool:
        yield CountingStore(Database(pool))


async def test_a_thousand_concurrent_submits_share_a_few_statements(store, database):
    woken = []
    acceptance = Acceptance(store, lambda rows: woken.append(len(rows)))
    views = await asyncio.gather(*(acceptance.accept(read_submission(NOTE, None)) for _ in range(1000)))
    owner = await database.connect("waybill_owner")
    stored = {row[0] for row in await owner.fetch("SELECT id FROM tasks JOIN outbox ON task_id = id")}
    assert stored == {view.id for view in views}
    assert len(stored) == 1000
    assert len(store.batches) <= 4, store.batches
    assert len(woken) == len(store.batches)


async def test_a_lone_submit_does_not_wait_for_others(store):
    acceptance = Acceptance(store, lambda rows: None)
    for _ in range(3):
        await acceptance.accept(read_submission(NOTE, None))
    assert store.batches == [1, 1, 1]


async def test_a_task_whose_values_the_database_refuses_harms_no_neighbour(store):
    acceptance = Acceptance(store, lambda rows: None)
    tasks = [read_submission({"title": f"note {n}" if n != 5 else "NUL \0"}, None) for n in range(10)]
    answers = await asyncio.gather(*map(acceptance.accept, tasks), return_exceptions=True)
    assert [n for n, answer in enumerate(answers) if isinstance(answer, InvalidRequest)] == [5]
    assert isinstance(answers[5].__cause__, DataError)
    assert [answer.title for n, answer in enumerate(answers) if n != 5] == [f"note {n}" for n in range(10) if n != 5]


async def test_load_is_shed_before_work_is_done_for_it(store):
    acceptance = Acceptance(store, lambda rows: None)
    submits = [asyncio.create_task(acceptance.accept(read_submission(NOTE, None))) for _ in range(2500)]
    answers = await asyncio.gather(*submits, return_exceptions=True)
    assert sum(isinstance(answer, Overloaded) for answer in answers) == 500
    assert await acceptance.accept(read_submission(NOTE, None))


async def test_large_payloads_are_shed_by_their_bytes(store):
    acceptance = Acceptance(store, lambda rows: None)
    payload = {"url": "https://example.test/", "body": "x" * 260_000}
    tasks = [read_submission({"kind": "webhook.deliver", "payload": payload}, None) for _ in range(140)]
    answers = await asyncio.gather(*map(acceptance.accept, tasks), return_exceptions=True)
    assert {type(answer).__name__ for answer in answers} == {"TaskView", "Overloaded"}


async def test_draining_waits_until_what_was_submitted_is_stored(store, database):
    acceptance = Acceptance(store, lambda rows: None)
    submits = [asyncio.create_task(acceptance.accept(read_submission(NOTE, None))) for _ in range(50)]
    await asyncio.sleep(0)
    await acceptance.drain()
    owner = await database.connect("waybill_owner")
    assert await owner.fetchval("SELECT count(*) FROM tasks") == 50
    await asyncio.gather(*submits)


async def test_ids_given_in_order_sort_in_order():
    ids = [read_submission(NOTE, None).id for _ in range(1000)]
    assert ids == sorted(ids)
    assert {each.version for each in ids} == {7}
