"""Handlers that run on after their end: they hold no thread, no connection and no process back."""

import asyncio
import os
import signal
import sys
import threading
from contextlib import suppress
from typing import Any

import pytest
from waybill_processor.delivery import Acknowledge
from waybill_processor.policy import RetryPolicy


@pytest.mark.store
async def test_threads_that_run_on_after_their_time_limit_keep_no_later_handler_waiting(
    tasks: Any, deliver: Any, open_with: Any, echo: Any
):
    hung = threading.Event()

    def work(payload: Any, task: Any) -> Any:
        if payload.text == "hang":
            hung.wait(30)
        return echo.Result(text="")

    processor = await open_with(work, RetryPolicy(time_limit_seconds=0.5))
    for _ in range(5):
        task_id = await tasks.insert(payload='{"text": "hang"}')
        await processor.process([deliver(task_id)])
    good = await tasks.insert()
    assert await processor.process([deliver(good)]) == [Acknowledge()]
    hung.set()
    assert (await tasks.row(good))["status"] == "completed"


STUBBORN = """
import asyncio, time
from waybill_contracts import KindTable, TaskPayload, TaskResult
from waybill_processor.registry import HandlerTable, handle
from waybill_processor.worker import main

class Echoed(TaskResult): pass
class Echo(TaskPayload, kind="test.echo", version=1, result=Echoed): pass

def in_a_thread(payload: Echo, task) -> Echoed:
    time.sleep(600)

async def in_the_loop(payload: Echo, task) -> Echoed:
    while True:
        try:
            await asyncio.sleep(600)
        except asyncio.CancelledError:
            pass

main.handler_table = lambda webhooks: HandlerTable(KindTable(Echo), handle(%s))
main.RELEASE_SECONDS = 0.5
main.main()
"""


@pytest.mark.store
@pytest.mark.parametrize("handler", ["in_a_thread", "in_the_loop"])
async def test_a_stopped_worker_ends_although_a_handler_does_not(
    tasks: Any, deliver: Any, database: Any, queues: Any, sqs: Any, until: Any, handler: str
):
    task_id = await tasks.insert()
    await sqs.send_message(QueueUrl=queues.url, MessageBody=deliver(task_id).body)
    settings = {
        "WAYBILL_DATABASE_URL": database.url("waybill_processor"),
        "WAYBILL_QUEUE_URL": queues.url,
        "WAYBILL_DRAIN_SECONDS": "0",
        "WAYBILL_RECEIVE_WAIT_SECONDS": "1",
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", STUBBORN % handler, env={**os.environ, **settings}, stderr=asyncio.subprocess.DEVNULL
    )
    try:
        await until(lambda: is_running(tasks, task_id), within_seconds=15)
        process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(process.wait(), 15) == 0
    finally:
        with suppress(ProcessLookupError):
            process.kill()


async def is_running(tasks: Any, task_id: Any) -> bool:
    return (await tasks.row(task_id))["status"] == "processing"
