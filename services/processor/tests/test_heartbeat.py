"""The heartbeat lives as long as its process, whatever happens to the queue, to a row or to a single beat."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from waybill_processor.delivery import Delivery
from waybill_processor.running import Attempt, Running, beat_for_ever
from waybill_processor.store.claims import Answer, Claim, Claims


class Beats:
    """Claims that count their heartbeats; the first one fails with `fault`."""

    def __init__(self, fault: Exception | None = None) -> None:
        self.count, self.fault = 0, fault

    async def heartbeat(self, leases: Sequence[Any]) -> dict[Any, bool]:
        self.count += 1
        if self.count == 1 and self.fault is not None:
            raise self.fault
        return {task_id: False for task_id, _ in leases}


@pytest.fixture
async def beating(deliver: Any) -> Any:
    """Starts beats for one attempt, with an `extend` of the test's."""
    running, started = Running(), []

    def start(claims: Any, extend: Any, attempts: int = 1) -> None:
        for _ in range(attempts):
            delivery: Delivery = deliver()
            claim: Any = Claim(delivery.message_id, Answer.CLAIMED, *[None] * 10)  # type: ignore[arg-type]
            running.add(Attempt(claim, delivery))
        started.append(asyncio.create_task(beat_for_ever(running, claims, extend, 0.01)))

    yield start
    for task in started:
        task.cancel()


async def test_a_queue_that_hangs_does_not_stop_the_renewal_of_leases(beating: Any, until: Any):
    async def hang(_deliveries: Any) -> None:
        await asyncio.Event().wait()

    claims = Beats()
    beating(claims, hang)
    await until(lambda: claims.count > 3, within_seconds=5)


async def test_a_fault_that_nobody_foresaw_does_not_end_the_heartbeat(beating: Any, until: Any):
    async def extend(_deliveries: Any) -> None:
        return

    claims = Beats(fault=ValueError("nobody foresaw this"))
    beating(claims, extend)
    await until(lambda: claims.count > 3, within_seconds=5)


@pytest.mark.store
async def test_one_locked_row_does_not_keep_its_neighbours_from_being_renewed(tasks: Any, database: Any):
    locked, free = await tasks.processing(lease="1 second"), await tasks.processing(lease="1 second")
    locker = await database.connect("postgres")
    claims = Claims(await database.connect("waybill_processor"), "me:1", 45.0, [], "{}")
    async with locker.transaction():
        await locker.execute("SELECT FROM tasks WHERE id = $1 FOR UPDATE", locked)
        leases = [(locked, 1), (free, 1)]
        assert await asyncio.wait_for(claims.heartbeat(leases), 2) == {locked: False, free: False}
    left = "SELECT lease_until - clock_timestamp() > interval '30 s' FROM tasks WHERE id = $1"
    assert [(await tasks.fetch(left, task_id))[0][0] for task_id in (locked, free)] == [False, True]
