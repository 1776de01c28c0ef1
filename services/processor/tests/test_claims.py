"""Claims in one statement, by database time, each task to one claimer."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest
from waybill_processor.store.claims import Answer, Asked, Claims, Readable

pytestmark = pytest.mark.store

READABLE = [Readable("test.echo", 1, 8)]


@pytest.fixture
def claims_of(database: Any) -> Any:
    async def open_claims(worker: str = "me:1") -> Claims:
        return Claims(await database.connect("waybill_processor"), lambda: worker, 45.0, READABLE, "{}")

    return open_claims


def _asked(task_id: Any, dispatch: int = 1) -> Asked:
    return Asked(task_id, "test.echo", 1, dispatch)


async def test_one_claim_answers_for_every_task(tasks: Any, claims_of: Any):
    wanted = {
        await tasks.insert(): Answer.CLAIMED,
        await tasks.processing(): Answer.BUSY,
        await tasks.processing(lease="-1 second"): Answer.CLAIMED,
        await tasks.processing(attempt=8, fence=8, lease="-1 second"): Answer.BUSY,
        await tasks.processing(dispatch=2): Answer.SUPERSEDED,
        await tasks.insert(kind="test.newer"): Answer.MISMATCH,
        uuid4(): Answer.UNKNOWN,
    }
    later, final = await tasks.insert(), await tasks.insert()
    await tasks.change(later, "available_at = now() + interval '1 h'")
    await tasks.change(final, "status = 'cancelled', finished_at = now()")
    wanted |= {later: Answer.NOT_DUE, final: Answer.FINAL}
    claims = await claims_of()
    assert {claim.task_id: claim.answer for claim in await claims.claim([_asked(i) for i in wanted])} == wanted


async def test_a_claim_charges_an_attempt_and_grows_the_fence(tasks: Any, claims_of: Any):
    task_id = await tasks.insert(attempt=2, fence=7)
    claims = await claims_of()
    [claim] = await claims.claim([_asked(task_id)])
    row = await tasks.row(task_id)
    assert (claim.attempt, claim.fence, claim.max_attempts) == (3, 8, 8)
    assert (row["attempt"], row["fence"], row["max_attempts"], row["worker"]) == (3, 8, 8, "me:1")
    assert (row["lease_until"] - row["claimed_at"]).total_seconds() == pytest.approx(45, abs=0.5)


async def test_a_claim_ends_the_hold_of_a_task(tasks: Any, claims_of: Any):
    task_id = await tasks.insert(held_reason="why")
    await tasks.change(task_id, "held_at = now()")
    [claim] = await (await claims_of()).claim([_asked(task_id)])
    row = await tasks.row(task_id)
    assert (claim.answer, row["held_at"], row["held_reason"]) == (Answer.CLAIMED, None, None)


async def test_a_task_that_is_held_again_is_held_since_the_first_time(tasks: Any, claims_of: Any):
    task_id = await tasks.insert()
    claims = await claims_of()
    await claims.hold([task_id])
    since = (await tasks.row(task_id))["held_at"]
    await tasks.fetch("DELETE FROM outbox")
    await claims.hold([task_id])
    row = await tasks.row(task_id)
    assert (row["held_at"], row["dispatch"]) == (since, 3)


async def test_a_held_task_keeps_its_next_dispatch_although_the_relay_has_yet_to_drop_the_one_before(
    tasks: Any, claims_of: Any, database: Any
):
    task_id = await tasks.insert(kind="test.newer")
    await tasks.fetch("INSERT INTO outbox (task_id, dispatch, reason) VALUES ($1, 1, 'accept')", task_id)
    claims = await claims_of()
    relay = await database.connect("waybill_relay")
    async with relay.transaction():
        await relay.execute("DELETE FROM outbox WHERE task_id = $1", task_id)
        holding = asyncio.create_task(claims.hold([task_id]))
        done, _ = await asyncio.wait([holding], timeout=0.3)
    await holding
    assert done == set()  # it waited for the relay to commit
    dispatched = await tasks.outbox(task_id)
    assert (dispatched["dispatch"], dispatched["reason"]) == (2, "hold")


async def test_a_task_that_waits_for_its_retry_is_not_held_by_a_processor_that_does_not_read_it(
    tasks: Any, claims_of: Any
):
    task_id = await tasks.insert(kind="test.newer", attempt=1, fence=1)
    await tasks.change(task_id, "available_at = now() + interval '1 h'")
    claims = await claims_of()
    [claim] = await claims.claim([Asked(task_id, "test.newer", 1, 1)])
    await claims.hold([task_id])
    assert claim.answer is Answer.NOT_DUE
    assert ((await tasks.row(task_id))["held_at"], await tasks.outbox(task_id)) == (None, None)


async def test_a_cancel_that_was_requested_stops_a_claim(tasks: Any, claims_of: Any):
    task_id = await tasks.processing(lease="-1 second", cancel_requested_at=None)
    await tasks.change(task_id, "cancel_requested_at = now()")
    [claim] = await (await claims_of()).claim([_asked(task_id)])
    assert claim.answer is Answer.BUSY


async def test_a_pending_task_is_worked_even_if_the_policy_now_allows_fewer_attempts(tasks: Any, claims_of: Any):
    task_id = await tasks.insert(attempt=9, fence=9, max_attempts=20)
    [claim] = await (await claims_of()).claim([_asked(task_id)])
    assert (claim.answer, claim.attempt, claim.max_attempts) == (Answer.CLAIMED, 10, 10)


async def test_each_of_many_tasks_goes_to_one_of_many_claimers(tasks: Any, claims_of: Any):
    ids = [await tasks.insert() for _ in range(100)]
    claimers = [await claims_of(f"worker:{n}") for n in range(5)]
    answers = await asyncio.gather(
        *(one.claim([_asked(i) for i in (ids if n % 2 else ids[::-1])]) for n, one in enumerate(claimers))
    )
    claimed = [claim.task_id for one in answers for claim in one if claim.answer is Answer.CLAIMED]
    assert sorted(claimed) == sorted(ids)
    others = {claim.answer for one in answers for claim in one} - {Answer.CLAIMED}
    assert others <= {Answer.BUSY}


async def test_a_heartbeat_answers_only_for_leases_that_are_still_ours(tasks: Any, claims_of: Any):
    ours, cancelled, anothers = [await tasks.processing(fence=3) for _ in range(3)]
    await tasks.change(cancelled, "cancel_requested_at = now()")
    await tasks.change(anothers, "fence = 4")
    claims = await claims_of()
    assert await claims.heartbeat([(i, 3) for i in (ours, cancelled, anothers)]) == {ours: False, cancelled: True}


async def test_any_number_of_held_tasks_is_released_a_part_at_a_time(tasks: Any, claims_of: Any):
    await tasks.fetch(
        "WITH held AS (INSERT INTO tasks (id, kind, payload_version, title, payload)"
        " SELECT gen_random_uuid(), 'test.echo', 1, 't', '{}' FROM generate_series(1, 2500) RETURNING id)"
        " INSERT INTO outbox (task_id, dispatch, reason, available_at)"
        " SELECT id, 2, 'hold', now() + interval '1 h' FROM held"
    )
    claims = await claims_of()
    assert [await claims.unhold() for _ in range(4)] == [1000, 1000, 500, 0]
