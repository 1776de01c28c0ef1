"""Partitions are made ahead and dropped whole, by any number of relays, beside everybody else."""

import asyncio
from datetime import timedelta
from uuid import UUID

import asyncpg
import pytest
from waybill_api.relay.retention import keep_partitions, look, partition_days
from waybill_api.store.partitions import Change, Partitions
from waybill_api.store.rescue import REAP
from waybill_api.store.tasks import ACCEPT, FIND, LAST_ID, PAGES
from waybill_runtime.database import open_pool

pytestmark = pytest.mark.store

KEEP = 3
NEW = """INSERT INTO tasks (id, kind, payload_version, title, payload, status, result, finished_at)
    VALUES ($1, 'note.process', 1, 't', '{}', 'completed', '{}', $2)"""
ATTEMPT = """INSERT INTO attempts (task_id, fence, attempt, outcome, worker, started_at)
    VALUES ($1, 1, 1, 'succeeded', 'w', now())"""
REVIVE = "UPDATE tasks SET status = 'pending', result = NULL, finished_at = NULL WHERE id = $1"


class Store:
    """The tables as their owner sees them, with a partition for each of the ten days that are over."""

    def __init__(self, owner, now):
        self.owner, self.now = owner, now
        self.midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
        self.serial = 0

    async def names(self):
        return {row[0] for row in await self.owner.fetch("SELECT name FROM task_partitions()")}

    def day(self, ago):
        """Name of the partition of a whole day, so many days ago."""
        return f"tasks_until_{self.midnight - timedelta(days=ago - 1):%Y%m%d}"

    def task_id(self, ago):
        at = self.midnight - timedelta(days=ago) + timedelta(hours=12)
        self.serial += 1
        return UUID(int=(int(at.timestamp() * 1000) << 80) | 7 << 76 | self.serial)

    async def add(self, ago, task_id=None):
        """A finished task that was accepted so many days ago."""
        task_id = task_id or self.task_id(ago)
        await self.owner.execute(NEW, task_id, self.now - timedelta(days=max(ago, 0)))
        await self.owner.execute(ATTEMPT, task_id)
        return task_id

    async def count(self, table="tasks"):
        return await self.owner.fetchval(f"SELECT count(*) FROM {table}")


@pytest.fixture
async def store(database):
    owner = await database.connect("waybill_owner")
    store = Store(owner, await owner.fetchval("SELECT now()"))
    for [name] in await owner.fetch("SELECT name FROM task_partitions()"):
        await owner.execute("SELECT drop_task_partition($1)", name)
    for ago in range(10, -1, -1):
        start = store.midnight - timedelta(days=ago)
        await owner.execute("SELECT make_task_partition($1, $2)", start, start + timedelta(days=1))
    return store


@pytest.fixture
async def partitions(database):
    async with open_pool(database.url("waybill_relay"), 2, "test") as pool:
        yield Partitions(pool)


async def test_partitions_cover_the_time_ahead_and_a_second_look_makes_none(store, partitions):
    made = await partitions.make(2, 5)
    assert [change.outcome for change in made] == ["made"] * 3
    assert {change.partition for change in made} < await store.names()
    assert await partitions.make(2, 5) == []


async def test_of_many_relays_at_once_each_partition_is_made_once(store, database):
    async def relay():
        async with open_pool(database.url("waybill_relay"), 1, "test") as pool:
            return await Partitions(pool).make(1, 6)

    made = [change for changes in await asyncio.gather(*(relay() for _ in range(6))) for change in changes]
    assert len(made) == len({change.partition for change in made}) == 6
    assert {change.outcome for change in made} == {"made"}


async def test_a_shorter_retention_replaces_what_is_empty_and_not_begun(store, partitions):
    [long] = await partitions.make(91, 20)
    changes = await partitions.make(4, 4)
    assert changes[0] == Change(long.partition, "replaced")
    assert [change.outcome for change in changes[1:]] == ["made"]
    assert long.partition not in await store.names()
    assert await partitions.make(91, 4) == []


async def test_a_partition_that_holds_a_task_is_not_replaced(store, partitions):
    [long] = await partitions.make(91, 20)
    await store.add(ago=-5)
    await partitions.make(4, 4)
    assert long.partition in await store.names()


async def test_only_whole_partitions_go_and_their_attempts_with_them(store, partitions):
    for ago in range(11):
        await store.add(ago)
    dropped = await partitions.drop(KEEP)
    assert [change.partition for change in dropped] == [store.day(ago) for ago in range(10, KEEP, -1)]
    assert {change.outcome for change in dropped} == {"dropped"}
    assert (await store.count(), await store.count("attempts")) == (KEEP + 1, KEEP + 1)
    assert await partitions.drop(KEEP) == []


async def test_a_partition_with_an_unfinished_task_stays_whole_until_that_is_finished(store, partitions):
    late, finished = await store.add(7), await store.add(7)
    await store.owner.execute("ALTER TABLE tasks DISABLE TRIGGER USER")
    await store.owner.execute(REVIVE, late)
    await store.owner.execute("ALTER TABLE tasks ENABLE TRIGGER USER")
    assert Change(store.day(7), "kept for 1 unfinished") in await partitions.drop(KEEP)
    assert await store.count() == 2
    await store.owner.execute("UPDATE tasks SET status = 'cancelled', finished_at = now() WHERE id = $1", late)
    assert await partitions.drop(KEEP) == [Change(store.day(7), "dropped")]
    assert await store.owner.fetch("SELECT FROM tasks WHERE id = ANY ($1)", [late, finished]) == []


async def test_a_dropped_task_is_not_found_and_lists_end_before_it(store, partitions, client):
    old, young = await store.add(9), await store.add(1)
    await partitions.drop(KEEP)
    assert (await client.get(f"/tasks/{old}")).status_code == 404
    assert [task["id"] for task in (await client.get("/tasks")).json()["items"]] == [str(young)]


async def test_a_list_is_in_order_over_partitions(store, database):
    ids = [await store.add(ago) for ago in (9, 2, 0, 5, 2, -90)] + [await store.add(0, UUID(int=2**128 - 2))]
    api = await database.connect("waybill_api")
    rows = await api.fetch(PAGES[None, False, False], "default", LAST_ID, 50)
    assert [row["id"] for row in rows] == sorted(ids, reverse=True)


async def test_rows_in_the_default_partition_go_when_they_ended_that_long_ago(store, partitions):
    far = UUID(int=2**128 - 2)
    await store.add(KEEP + 2, far)
    await store.add(0, UUID(int=2**128 - 3))
    assert Change("tasks_default", "deleted 1") in await partitions.drop(KEEP)
    assert (await store.count(), await store.count("attempts")) == (1, 1)


async def test_rows_of_a_range_in_the_default_partition_are_reported_and_keep_no_other_from_being_made(
    store, partitions
):
    await store.add(ago=-2)  # a clock that is ahead
    assert [change.outcome for change in await partitions.make(1, 3)] == [
        "made", "rows of its range are in the default partition", "made"
    ]  # fmt: skip


async def test_after_a_long_absence_partitions_begin_tomorrow(store, partitions):
    """What came meanwhile is in the default partition."""
    for name in await store.names():
        await store.owner.execute("SELECT drop_task_partition($1)", name)
    await store.add(ago=0)
    made = await partitions.make(1, 3)
    assert [change.outcome for change in made] == ["made"] * len(made)
    assert min(change.partition for change in made) == store.day(-1)


@pytest.mark.parametrize("call", [("make", 0, 3), ("make", 3, 0), ("make", 401, 3), ("drop", 0), ("drop", -1)])
async def test_what_would_drop_too_much_is_refused(store, partitions, call):
    verb, *days = call
    with pytest.raises(asyncpg.InvalidParameterValueError):
        await getattr(partitions, verb)(*days)


async def test_a_drop_gives_up_soon_where_somebody_reads_on_and_is_tried_again(store, partitions, database):
    await store.add(7)
    reader = await database.connect("waybill_api")
    async with reader.transaction():
        await reader.fetch("SELECT count(*) FROM tasks")
        async with asyncio.timeout(2):
            with pytest.raises(asyncpg.LockNotAvailableError):
                await partitions.drop(KEEP)
        assert store.day(7) in await store.names()
    assert Change(store.day(7), "dropped") in await partitions.drop(KEEP)


async def test_a_drop_under_load_fails_no_accept(store, partitions, database):
    """Accepts wait for the lock no longer than the drop does."""
    for ago in range(4, 11):
        await store.add(ago)
    api = await database.connect("waybill_api")
    stop, accepted = asyncio.Event(), 0

    async def accept():
        nonlocal accepted
        while not stop.is_set():
            ids = [store.task_id(0) for _ in range(5)]
            columns = [["note.process"] * 5, [1] * 5, ["t"] * 5, [None] * 5, ["{}"] * 5, [None] * 5]
            accepted += len(await api.fetch(ACCEPT, "default", ids, *columns, 0.0))

    load = asyncio.create_task(accept())
    before, dropped = await store.names(), []
    for _ in range(20):
        try:
            dropped += await partitions.drop(KEEP)
            break
        except asyncpg.LockNotAvailableError:
            continue
    stop.set()
    await load
    assert await store.names() == before - {change.partition for change in dropped}
    assert len(dropped) == 7
    assert await store.count() == accepted


async def test_leases_are_reaped_in_every_partition(store, database):
    ids = [await store.add(ago) for ago in (8, 3, 0)]
    await store.owner.execute("ALTER TABLE tasks DISABLE TRIGGER USER")
    await store.owner.execute(
        "UPDATE tasks SET status = 'processing', result = NULL, finished_at = NULL, attempt = 1, fence = 2,"
        " max_attempts = 8, worker = 'w', claimed_at = now(), lease_until = now() - interval '1 s'"
    )
    await store.owner.execute("ALTER TABLE tasks ENABLE TRIGGER USER")
    relay = await database.connect("waybill_relay")
    assert {row["id"] for row in await relay.fetch(REAP, 10, "{}")} == set(ids)


async def test_a_lookup_by_id_touches_one_partition(store, database):
    api = await database.connect("waybill_api")
    await api.execute("SET plan_cache_mode = force_generic_plan")
    await api.execute(f"PREPARE find AS {FIND}")
    task = await store.add(2)
    plan = await api.fetch(f"EXPLAIN (ANALYZE, COSTS OFF) EXECUTE find ('{task}', 'default')")
    text = "\n".join(row[0] for row in plan)
    assert "Subplans Removed" in text
    assert text.count(" on tasks_until_") == 1, text


async def test_the_loop_makes_and_drops_and_goes_on_after_failures(store, database, until, monkeypatch):
    monkeypatch.setattr("waybill_api.relay.retention.RETRY_SECONDS", 0.01)
    await store.add(7)
    await store.owner.execute("ALTER FUNCTION make_task_partitions RENAME TO away")  # not migrated as far
    tries = []

    class Counted(Partitions):
        async def make(self, days, ahead_days):
            tries.append(days)
            return await super().make(days, ahead_days)

    async def is_done():
        names = await store.names()
        return store.day(7) not in names and store.day(-3) in names

    async with open_pool(database.url("waybill_relay"), 2, "test") as pool:
        loop = asyncio.create_task(keep_partitions(Counted(pool), KEEP))
        await until(lambda: len(tries) > 2)
        assert not await is_done()
        await store.owner.execute("ALTER FUNCTION away RENAME TO make_task_partitions")
        await until(is_done)
        loop.cancel()
        await asyncio.gather(loop, return_exceptions=True)


async def test_without_a_retention_nothing_is_dropped(store, partitions):
    await store.add(10)
    before = await store.names()
    await look(partitions, None)
    assert before < await store.names()


@pytest.mark.parametrize(("keep", "days"), [(None, 91), (1, 1), (3, 1), (30, 15), (90, 45), (3650, 91)])
def test_a_partition_is_half_of_what_is_kept(keep, days):
    assert partition_days(keep) == days
