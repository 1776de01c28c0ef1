"""The worker's hands on a real queue: settle, hide, drain the dead-letter queue."""

import asyncio
from typing import Any

import pytest
from waybill_processor.delivery import Acknowledge, Delivery, Redeliver
from waybill_processor.queue import MessageQueue, open_queue
from waybill_processor.store.dead_letters import DeadLetters
from waybill_processor.worker.dead_letter_drain import drain_dead_letters, drain_for_ever
from waybill_processor.worker.settling import Settling


@pytest.fixture
async def queue(queues: Any) -> Any:
    async with open_queue(queues.url, wait_seconds=1) as queue:
        yield queue


async def _send(sqs: Any, url: str, *bodies: str) -> None:
    for body in bodies:
        await sqs.send_message(QueueUrl=url, MessageBody=body)


async def _receive_all(queue: MessageQueue) -> list[Delivery]:
    found: list[Delivery] = []
    while some := await queue.receive(10, wait_seconds=0, visibility_seconds=60):
        found += some
    return found


async def _counts(sqs: Any, url: str) -> tuple[int, int]:
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    attributes = (await sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names))["Attributes"]
    return int(attributes[names[0]]), int(attributes[names[1]])


async def test_an_acknowledged_message_is_deleted_and_another_comes_again(queue: Any, queues: Any, sqs: Any):
    await _send(sqs, queues.url, "one", "two")
    one, two = sorted(await _receive_all(queue), key=lambda delivery: delivery.body)
    assert (one.receive_count, one.sent_at is None) == (1, False)
    settling = Settling(queue, 60)
    settling.settle(one, Acknowledge())
    settling.settle(two, Redeliver(0))
    await settling.drain()
    [again] = await _receive_all(queue)
    assert (again.body, again.receive_count) == ("two", 2)


async def test_a_redelivery_waits_for_its_seconds(queue: Any, queues: Any, sqs: Any):
    await _send(sqs, queues.url, "later")
    [delivery] = await _receive_all(queue)
    settling = Settling(queue, 60)
    settling.settle(delivery, Redeliver(90_000))
    await settling.drain()
    assert await _counts(sqs, queues.url) == (0, 1)


async def test_more_than_ten_messages_are_extended(queue: Any, queues: Any, sqs: Any, until: Any):
    await _send(sqs, queues.url, *map(str, range(25)))
    found: list[Delivery] = []
    while some := await queue.receive(10, wait_seconds=0, visibility_seconds=1):
        found += some
        if len(found) == 25:
            break
    await Settling(queue, 60).extend(found)
    assert await _counts(sqs, queues.url) == (0, 25)


async def test_settling_survives_a_queue_that_is_away(queue: Any, queues: Any, sqs: Any):
    await _send(sqs, queues.url, "one")
    [delivery] = await _receive_all(queue)
    gone = MessageQueue(queue._client, queues.url + "-gone")
    settling = Settling(gone, 60)
    settling.settle(delivery, Acknowledge())
    await settling.drain()
    await settling.extend([delivery])
    assert await _counts(sqs, queues.url) == (0, 1)


@pytest.mark.store
async def test_what_falls_into_the_dead_letter_queue_goes_on_record(
    queues: Any, sqs: Any, database: Any, tasks: Any, deliver: Any
):
    import asyncpg

    task_id = await tasks.insert()
    await _send(sqs, queues.dead_letter_url, deliver(task_id).body, "not json", *["more"] * 12)
    async with (
        open_queue(queues.dead_letter_url, 0) as dead,
        asyncpg.create_pool(database.url("waybill_processor"), min_size=1, max_size=1) as pool,
    ):
        assert await drain_dead_letters(dead, DeadLetters(pool)) == 14
    rows = await tasks.fetch("SELECT reason, task_id FROM dead_letters WHERE origin = 'dead_letter_queue'")
    assert len(rows) == 14
    assert ("receive_limit", task_id) in [tuple(row) for row in rows]
    assert await _counts(sqs, queues.dead_letter_url) == (0, 0)


async def test_a_fault_that_nobody_foresaw_does_not_end_the_drain(until: Any):
    class Odd:
        asked = 0

        async def receive(self, *_: Any, **__: Any) -> list[Delivery]:
            self.asked += 1
            raise KeyError("MessageId")

    odd: Any = Odd()
    draining = asyncio.create_task(drain_for_ever(odd, odd, 0.01))
    await until(lambda: odd.asked > 3, within_seconds=5)
    draining.cancel()
