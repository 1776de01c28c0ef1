"""The receive loop's end: a poll that is under way when a stop comes."""

import asyncio
from typing import Any

import pytest
from waybill_processor.queue import open_queue
from waybill_processor.settings import WorkerSettings
from waybill_processor.worker.receiving import Receiver
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
