import asyncio
from typing import Any

from waybill_processor.worker.slots import Slots


async def test_an_idle_worker_receives_with_any_free_slot():
    slots = Slots(12, 10)
    slots.take(9, asked=10)
    assert await slots.wait() == 3


async def test_under_load_a_worker_waits_for_a_whole_batch_of_free_slots(until: Any):
    slots = Slots(12, 10)
    slots.take(10, asked=10)
    waiting = asyncio.create_task(slots.wait())
    for _ in range(7):
        slots.give_back()
        await asyncio.sleep(0)
        assert not waiting.done()
    slots.give_back()
    assert await waiting == 10


async def test_a_poll_that_brought_less_than_asked_ends_the_load():
    slots = Slots(50, 10)
    slots.take(10, asked=10)
    slots.take(4, asked=10)
    slots.take(30, asked=50)
    assert await slots.wait() == 6


async def test_a_worker_with_fewer_slots_than_a_batch_waits_for_all_of_them():
    slots = Slots(4, 10)
    assert await slots.wait() == 4
    slots.take(4, asked=4)
    waiting = asyncio.create_task(slots.wait())
    for _ in range(4):
        assert not waiting.done()
        slots.give_back()
    assert await waiting == 4


async def test_a_slow_neighbour_does_not_keep_free_slots_empty(until: Any):
    slots = Slots(2, 10)
    slots.take(2, asked=2)
    slots.give_back()
    assert await asyncio.wait_for(slots.wait(), 5) == 1
