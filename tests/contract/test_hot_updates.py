"""What the services do to a task before it ends rewrites it in its page and touches no index."""

from uuid import UUID

import msgspec
import pytest
from waybill_api.store.rescue import LEASE_LOST, REAP, RECONCILE
from waybill_contracts import ErrorCode, TaskError
from waybill_processor.store.claims import Asked, Claims, Readable
from waybill_processor.store.outcomes import Ended, Outcomes

TASK = UUID(int=7)
NEW = """INSERT INTO tasks (id, kind, payload_version, title, payload, available_at)
    VALUES ($1, 'note.process', 1, '', '{}', now() - interval '1 hour')"""
LEASE_RAN_OUT = """UPDATE tasks SET status = 'processing', attempt = 1, fence = 1, max_attempts = 8, worker = 'w',
    claimed_at = now(), lease_until = now() - interval '1 s'"""
HOT = """SELECT sum(n_tup_upd)::int, sum(n_tup_hot_upd)::int FROM pg_stat_xact_user_tables
    WHERE relid IN (SELECT relid FROM pg_partition_tree('tasks'))"""
ERROR = msgspec.json.encode(TaskError(code=ErrorCode.HANDLER_ERROR, message="away")).decode()


@pytest.fixture
async def task(database):
    """A task that is due, claimable by `claims`; all in one transaction of the processor, whose updates are counted."""
    owner = await database.connect("waybill_owner")
    await owner.execute(NEW, TASK)
    connection = await database.connect("waybill_processor")
    transaction = connection.transaction()
    await transaction.start()
    yield connection
    await transaction.rollback()


async def claim(connection):
    claims = Claims(connection, lambda: "w", 45.0, [Readable("note.process", 1, 8)], "{}")
    [claimed] = await claims.claim([Asked(TASK, "note.process", 1, 1)])
    assert claimed.fence == 1
    return claims


async def test_a_claim_and_its_heartbeats_are_hot(task):
    claims = await claim(task)
    assert await claims.heartbeat([(TASK, 1)]) == {TASK: False}
    assert tuple(await task.fetchrow(HOT)) == (2, 2)


@pytest.mark.parametrize("verb", ["retry", "release"])
async def test_a_retry_and_a_release_are_hot(task, verb):
    await claim(task)
    assert await getattr(Outcomes(task, lambda: "w"), verb)([Ended(TASK, 1, error=ERROR)]) == [True]
    assert tuple(await task.fetchrow(HOT)) == (2, 2)


async def test_a_hold_is_hot(task):
    await Claims(task, lambda: "w", 45.0, [], "{}").hold([TASK])
    assert tuple(await task.fetchrow(HOT)) == (1, 1)


async def test_a_reconciliation_is_hot(database):
    owner = await database.connect("waybill_owner")
    await owner.execute(NEW, TASK)
    relay = await database.connect("waybill_relay")
    async with relay.transaction():
        assert await relay.execute(RECONCILE, 10, 1.0) == "INSERT 0 1"
        assert tuple(await relay.fetchrow(HOT)) == (1, 1)


async def test_a_reap_is_hot(database):
    owner = await database.connect("waybill_owner")
    await owner.execute(NEW, TASK)
    await owner.execute(LEASE_RAN_OUT)
    relay = await database.connect("waybill_relay")
    async with relay.transaction():
        assert len(await relay.fetch(REAP, 10, msgspec.json.encode(LEASE_LOST).decode())) == 1
        assert tuple(await relay.fetchrow(HOT)) == (1, 1)
