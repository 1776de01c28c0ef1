"""What shares a statement or a request: claims of batches, good ends, deletes."""

import asyncio
from typing import Any
from uuid import UUID

import pytest
from waybill_processor.claiming import Claiming
from waybill_processor.completions import Completions
from waybill_processor.delivery import Acknowledge, Delivery, Redeliver
from waybill_processor.queue import QueueUnavailable
from waybill_processor.store.claims import Answer, Asked, Claim
from waybill_processor.store.outcomes import Ended
from waybill_processor.worker.settling import Settling


class Statements:
    """Answers what it is given when it is let, and counts how much came together."""

    def __init__(self) -> None:
        self.sizes: list[int] = []
        self.faults: list[Exception] = []
        self.let = asyncio.Event()

    async def _run(self, items: Any) -> Any:
        self.sizes.append(len(items))
        await self.let.wait()
        if self.faults:
            raise self.faults.pop()
        return items

    async def claim(self, asked: Any) -> list[Claim]:
        await self._run(asked)
        return [Claim(one.task_id, Answer.CLAIMED, *[None] * 10) for one in reversed(asked)]  # type: ignore[arg-type]

    async def complete(self, ended: Any) -> list[bool]:
        return [one.fence > 0 for one in await self._run(ended)]

    async def delete(self, deliveries: Any) -> list[bool]:
        return [True for _ in await self._run(deliveries)]

    hide = delete


@pytest.fixture
async def statements() -> Statements:
    return Statements()


def asked(*numbers: int) -> list[Asked]:
    return [Asked(UUID(int=number), "test.echo", 1, 1) for number in numbers]


async def _start(*work: Any) -> list["asyncio.Task[Any]"]:
    tasks = [asyncio.create_task(one) for one in work]
    await asyncio.sleep(0)
    return tasks


def _ids(claims: list[Claim]) -> list[int]:
    return [claim.task_id.int for claim in claims]


async def test_claims_that_come_while_one_is_under_way_share_the_next_statement(statements: Any):
    claiming = Claiming(statements)
    claims = await _start(*(claiming.claim(asked(n, n + 1)) for n in (10, 20, 30)))
    statements.let.set()
    assert [sorted(_ids(await claim)) for claim in claims] == [[10, 11], [20, 21], [30, 31]]
    assert statements.sizes == [2, 4]


async def test_a_task_that_two_batches_ask_for_is_never_twice_in_one_statement(statements: Any):
    claiming = Claiming(statements)
    claims = await _start(*(claiming.claim(asked(*numbers)) for numbers in ((1,), (2, 3), (3, 4), (5,))))
    statements.let.set()
    assert [sorted(_ids(await claim)) for claim in claims] == [[1], [2, 3], [3, 4], [5]]
    assert statements.sizes == [1, 2, 3]


async def test_a_fault_goes_to_all_that_share_the_statement_and_to_no_later_claim(statements: Any):
    claiming = Claiming(statements)
    statements.faults = [OSError("gone"), OSError("gone")]
    claims = await _start(*(claiming.claim(asked(number)) for number in (1, 2, 3)))
    statements.let.set()
    assert [type(result) for result in await asyncio.gather(*claims, return_exceptions=True)] == [OSError] * 3
    assert _ids(await claiming.claim(asked(4))) == [4]


async def test_a_claim_whose_caller_goes_away_holds_up_no_other(statements: Any):
    claiming = Claiming(statements)
    first, second, third = await _start(*(claiming.claim(asked(number)) for number in (1, 2, 3)))
    first.cancel()
    second.cancel()
    statements.let.set()
    assert _ids(await third) == [3]
    assert _ids(await claiming.claim(asked(4))) == [4]


async def test_ends_share_a_statement_and_each_hears_of_its_own(statements: Any, until: Any):
    completions = Completions(statements.complete, 3)
    heard: dict[int, bool | None] = {}
    for number in range(5):
        completions.put(
            Ended(UUID(int=number), fence=number % 2), lambda held, number=number: heard.update({number: held})
        )
    statements.let.set()
    await until(lambda: len(heard) == 5)
    assert heard == {0: False, 1: True, 2: False, 3: True, 4: False}
    assert statements.sizes == [3, 2]


async def test_ends_whose_statement_failed_hear_that_nobody_knows(statements: Any, until: Any):
    completions = Completions(statements.complete, 10)
    statements.faults = [OSError("gone")]
    statements.let.set()
    heard: list[bool | None] = []
    for number in range(2):
        completions.put(Ended(UUID(int=number), fence=1), heard.append)
    await until(lambda: len(heard) == 2)
    completions.put(Ended(UUID(int=3), fence=1), heard.append)
    await until(lambda: len(heard) == 3)
    assert heard == [None, None, True]


async def test_a_large_end_goes_alone(statements: Any, until: Any):
    completions = Completions(statements.complete, 10)
    statements.let.set()
    heard: list[bool | None] = []
    for size in (1_500_000, 1_500_000, 10):
        completions.put(Ended(UUID(int=size), fence=1, result="x" * size), heard.append)
    await until(lambda: len(heard) == 3)
    assert statements.sizes == [1, 2]


@pytest.fixture
def letters(deliver: Any) -> Any:
    return lambda count: [deliver(body=str(number)) for number in range(count)]


async def test_messages_are_deleted_in_full_tens_and_the_rest_after_a_moment(statements: Any, letters: Any, until: Any):
    settling = Settling(statements, 60)
    statements.let.set()
    for delivery in letters(25):
        settling.settle(delivery, Acknowledge())
    await asyncio.sleep(0)
    assert statements.sizes == [10, 10]
    await until(lambda: statements.sizes == [10, 10, 5])


async def test_messages_that_come_again_are_hidden_at_once(statements: Any, letters: Any):
    settling = Settling(statements, 60)
    statements.let.set()
    for delivery in letters(4):
        settling.settle(delivery, Redeliver(5))
    await settling.drain()
    assert statements.sizes == [4]


async def test_a_drain_waits_for_no_further_message(statements: Any, letters: Any):
    settling = Settling(statements, 60)
    statements.let.set()
    for delivery in letters(3):
        settling.settle(delivery, Acknowledge())
    await settling.drain()
    assert statements.sizes == [3]


@pytest.mark.parametrize("fault", [QueueUnavailable("away"), KeyError("nobody foresaw this")])
async def test_deleting_goes_on_after_a_fault(statements: Any, letters: Any, fault: Exception):
    settling = Settling(statements, 60)
    statements.faults = [fault]
    statements.let.set()
    for _ in range(2):
        for delivery in letters(2):
            settling.settle(delivery, Acknowledge())
        await settling.drain()
    assert statements.sizes == [2, 2]


async def test_with_too_many_to_settle_there_is_no_room_for_more(statements: Any, letters: Any):
    settling = Settling(statements, 60)
    await asyncio.wait_for(settling.room(), 1)
    deliveries: list[Delivery] = letters(600)
    for delivery in deliveries:
        settling.settle(delivery, Acknowledge())
    [waiting] = await _start(settling.room())
    assert not waiting.done()
    statements.let.set()
    await asyncio.wait_for(waiting, 5)
