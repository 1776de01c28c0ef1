"""Concurrent callers share a flush. The flush is held open by the test, so nothing here depends on time."""

import asyncio

import pytest
from waybill_runtime.batching import MAX_BYTES, Batcher


class BadRow(Exception):
    """The fault of one item."""


class ConnectionLost(Exception):
    """Nobody's fault."""


class Flush:
    """Notes each batch, and waits at a gate before it answers with the squares."""

    def __init__(self):
        self.batches = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.lost = False

    async def __call__(self, items):
        self.batches.append(list(items))
        await self.gate.wait()
        if self.lost:
            raise ConnectionLost
        if -1 in items:
            raise BadRow
        return [item * item for item in items]


@pytest.fixture
async def flush():
    return Flush()


@pytest.fixture
async def batcher(flush):
    return Batcher(flush, 10, lambda error: isinstance(error, BadRow))


async def submit_all(batcher, items):
    """Submissions under way, each in a task of its own, all waiting."""
    tasks = [asyncio.create_task(batcher.submit(item)) for item in items]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    return tasks


async def test_a_lone_item_is_flushed_at_once(batcher, flush):
    assert await batcher.submit(3) == 9
    assert flush.batches == [[3]]


async def test_what_is_submitted_together_shares_the_first_flush(batcher, flush):
    assert await asyncio.gather(*(batcher.submit(item) for item in range(5))) == [0, 1, 4, 9, 16]
    assert flush.batches == [[0, 1, 2, 3, 4]]


async def test_what_comes_during_a_flush_shares_the_next_one(batcher, flush):
    flush.gate.clear()
    first = await submit_all(batcher, [1])
    later = await submit_all(batcher, [2, 3, 4])
    flush.gate.set()
    assert await asyncio.gather(*first, *later) == [1, 4, 9, 16]
    assert flush.batches == [[1], [2, 3, 4]]


async def test_a_flush_never_takes_more_than_max_items(batcher, flush):
    answers = await asyncio.gather(*(batcher.submit(item) for item in range(25)))
    assert answers == [item * item for item in range(25)]
    assert [len(batch) for batch in flush.batches] == [10, 10, 5]


async def test_a_flush_never_takes_more_than_its_bytes_unless_one_item_is_larger(flush):
    half = MAX_BYTES // 2
    batcher = Batcher(flush, 10, lambda _: False, size_of=lambda item: item)
    await asyncio.gather(*(batcher.submit(item) for item in (half, half, 1, 2, half, 3 * half, 4)))
    assert flush.batches == [[half, half], [1, 2, half], [3 * half], [4]]


async def test_a_bad_item_fails_alone(batcher, flush):
    answers = await asyncio.gather(*(batcher.submit(item) for item in (1, -1, 2)), return_exceptions=True)
    assert (answers[0], type(answers[1]), answers[2]) == (1, BadRow, 4)
    assert flush.batches == [[1, -1, 2], [1], [-1], [2]]


async def test_a_bad_item_on_its_own_is_not_tried_twice(batcher, flush):
    with pytest.raises(BadRow):
        await batcher.submit(-1)
    assert flush.batches == [[-1]]


async def test_a_lost_connection_goes_to_all_that_shared_the_flush(batcher, flush):
    flush.lost = True
    answers = await asyncio.gather(*(batcher.submit(item) for item in (1, -1, 2)), return_exceptions=True)
    assert [type(answer) for answer in answers] == [ConnectionLost] * 3
    assert flush.batches == [[1, -1, 2]]


async def test_after_a_failure_the_next_submission_is_flushed_as_ever(batcher, flush):
    flush.lost = True
    with pytest.raises(ConnectionLost):
        await batcher.submit(1)
    flush.lost = False
    assert await batcher.submit(2) == 4


async def test_a_caller_that_goes_away_stops_neither_its_own_flush_nor_that_of_others(batcher, flush):
    flush.gate.clear()
    gone, stays = await submit_all(batcher, [1, 2])
    gone.cancel()
    await asyncio.gather(gone, return_exceptions=True)
    flush.gate.set()
    assert await stays == 4
    assert flush.batches == [[1, 2]]


async def test_a_caller_that_goes_away_before_the_flush_has_its_item_flushed_all_the_same(batcher, flush):
    flush.gate.clear()
    first = await submit_all(batcher, [1])
    gone = await submit_all(batcher, [2])
    gone[0].cancel()
    flush.gate.set()
    assert await first[0] == 1
    await batcher.drain()
    assert flush.batches == [[1], [2]]


async def test_drain_waits_for_everything_submitted_so_far(batcher, flush):
    flush.gate.clear()
    waiting = await submit_all(batcher, range(15))
    draining = asyncio.create_task(batcher.drain())
    await asyncio.sleep(0)
    assert not draining.done()
    flush.gate.set()
    await draining
    assert [item for batch in flush.batches for item in batch] == list(range(15))
    assert await asyncio.gather(*waiting) == [item * item for item in range(15)]


async def test_drain_of_an_idle_batcher_returns(batcher):
    await batcher.drain()


async def test_a_flush_that_answers_for_too_few_is_an_error_and_leaves_nobody_waiting():
    async def forgetful(items):
        return items[:1]

    batcher = Batcher(forgetful, 10, lambda _: False)
    answers = await asyncio.wait_for(asyncio.gather(*map(batcher.submit, range(3)), return_exceptions=True), 5)
    assert [type(answer) for answer in answers] == [ValueError] * 3


async def test_a_connection_lost_while_items_are_flushed_alone_goes_to_all_that_are_left():
    flushed = []

    async def flush(items):
        flushed.append(list(items))
        raise BadRow if len(items) > 1 else ConnectionLost

    batcher = Batcher(flush, 10, lambda error: isinstance(error, BadRow))
    answers = await asyncio.gather(*(batcher.submit(item) for item in range(5)), return_exceptions=True)
    assert [type(answer) for answer in answers] == [ConnectionLost] * 5
    assert flushed == [[0, 1, 2, 3, 4], [0]]
