"""The receive loop's end: a poll that is under way when a stop comes."""

import asyncio
from typing import Any

import pytest
from waybill_processor.queue import open_queue
from waybill_processor.settings import WorkerSettings
from waybill_processor.worker.receiving import POLLS, Receiver
from waybill_processor.worker.settling import Settling


class IdleProcessor:
    """Has its database, and is given nothing."""

    database_down = False


@pytest.fixture
async def receiver(queues: Any) -> Any:
    settings = WorkerSettings(database_url="postgresql://unused", queue_url=queues.url, receive_wait_seconds=3)
    async with open_queue(queues.url, settings.receive_wait_seconds) as queue:
        processor: Any = IdleProcessor()
        yield Receiver(processor, queue, Settling(queue, 60), settings)


async def test_what_a_poll_brings_after_a_stop_is_handed_back_at_once(receiver: Any, queues: Any, sqs: Any, until: Any):
    stopping = asyncio.Event()
    running = asyncio.create_task(receiver.run(stopping))
    await until(lambda: receiver._polls)
    await asyncio.sleep(0.2)  # the request is on its way; nothing here tells when SQS has it
    stopping.set()
    await running
    await sqs.send_message(QueueUrl=queues.url, MessageBody="late")
    await receiver.hand_back()
    [message] = (await sqs.receive_message(QueueUrl=queues.url, WaitTimeSeconds=0))["Messages"]
    assert message["Body"] == "late"


async def test_a_stop_between_polls_has_nothing_to_hand_back(receiver: Any):
    stopping = asyncio.Event()
    stopping.set()
    await receiver.run(stopping)
    await receiver.hand_back()


class Answers:
    """A queue that has so many messages, gives ten at a time, and then nothing for ever."""

    def __init__(self, messages: list[Any]) -> None:
        self.messages, self.under_way, self.most = messages, 0, 0

    async def receive(self, at_most: int, *_: Any) -> list[Any]:
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        try:
            await asyncio.sleep(0.01 if self.messages else 600)
            given, self.messages = self.messages[:at_most], self.messages[at_most:]
            return given
        finally:
            self.under_way -= 1


class Instant(IdleProcessor):
    """Ends everything at once."""

    async def process(self, deliveries: Any, settle: Any) -> None:
        for delivery in deliveries:
            settle(delivery, None)


class Counts:
    """Counts what is settled."""

    count = 0

    async def room(self) -> None:
        return

    def settle(self, *_: Any) -> None:
        self.count += 1


async def test_several_polls_are_under_way_while_the_queue_brings_full_batches_and_one_when_it_is_empty(
    deliver: Any, until: Any
):
    queue, settling, processor = Answers([deliver() for _ in range(200)]), Counts(), Instant()
    settings = WorkerSettings(database_url="postgresql://unused", queue_url="http://unused", concurrency=50)
    receiver = Receiver(processor, queue, settling, settings)  # type: ignore[arg-type]
    stopping = asyncio.Event()
    running = asyncio.create_task(receiver.run(stopping))
    await until(lambda: settling.count == 200)
    assert queue.most == POLLS
    stopping.set()
    await running
    for poll in receiver._polls:
        poll.cancel()


async def test_polls_never_ask_for_more_than_there_are_free_slots(deliver: Any, until: Any):
    queue = Answers([deliver() for _ in range(100)])
    held: list[Any] = []

    class Holding(Instant):
        async def process(self, deliveries: Any, settle: Any) -> None:
            held.extend(deliveries)
            await asyncio.Event().wait()

    processor = Holding()
    settings = WorkerSettings(database_url="postgresql://unused", queue_url="http://unused", concurrency=25)
    receiver = Receiver(processor, queue, Counts(), settings)  # type: ignore[arg-type]
    running = asyncio.create_task(receiver.run(asyncio.Event()))
    await until(lambda: len(held) == 25)
    await asyncio.sleep(0.3)
    assert len(held) == 25
    running.cancel()
    for task in (*receiver._polls, *receiver.batches):
        task.cancel()
