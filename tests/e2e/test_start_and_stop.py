"""Services start in any order, before what they need is there, and stop without losing anything."""

import asyncio
import signal
from pathlib import Path

import aiohttp
import pytest
from waybill_dev.postgres import temporary_postgres

from tests.stack.processes import Until
from tests.stack.receiver import Receiver
from tests.stack.stack import Stack, open_stack
from tools.servers import TEMPLATE, make_template


async def test_services_that_started_before_database_and_queue_work_once_those_are_there(
    tmp_path: Path, until: Until
) -> None:
    with temporary_postgres() as postgres:
        postgres.stop()

        def url(role: str) -> str:
            return postgres.url(role, TEMPLATE)

        async with open_stack(tmp_path, url, until) as stack:
            stack.sqs.stop()
            worker, api = await stack.start_worker(), await stack.start_api()
            assert (await stack.api.get("/health/live")).status == 200
            assert (await stack.api.get("/health/ready")).status == 503
            assert (await stack.api.request("POST", "/tasks", {"title": "too early"})).status == 503
            await until(lambda: worker.logged("worker.receive_failed"))
            await until(lambda: api.logged("relay.failing"))

            postgres.start()  # there, but the database is not
            assert (await stack.api.get("/health/ready")).status == 503
            make_template(postgres)
            await until(stack.is_ready)
            task_id = await stack.api.submit("the first")
            stack.sqs.start()
            stack.sqs.create_queues()
            await until(lambda: stack.records.all_completed(1), within_seconds=20)
            assert await stack.api.status(task_id) == "completed"
            assert (worker.is_running, api.is_running) == (True, True)


async def test_every_task_that_a_stopping_api_answered_202_is_stored(stack: Stack, until: Until) -> None:
    api = await stack.start_api()
    accepted: list[str] = []
    waiting = 0

    async def submit_until_refused() -> None:
        nonlocal waiting
        while True:
            waiting += 1
            try:
                accepted.append(await stack.api.submit())
            except aiohttp.ClientError:
                return
            finally:
                waiting -= 1

    async with asyncio.TaskGroup() as clients:
        for _ in range(20):
            clients.create_task(submit_until_refused())
        await until(lambda: len(accepted) > 200)
        api.send(signal.SIGTERM)
        assert waiting
    assert await api.ended(within_seconds=10) == 0
    stored = await stack.records.task_ids()
    assert set(accepted) <= stored
    # And whatever a client did not hear of is worked as well.
    await asyncio.gather(stack.start_api(), stack.start_worker())
    await until(lambda: stack.records.all_completed(len(stored)), within_seconds=30)


async def test_a_stopping_worker_ends_what_ends_in_time_and_releases_the_rest_uncharged(
    stack: Stack, receiver: Receiver, until: Until
) -> None:
    stack.configure(drain_seconds=1)
    [worker] = await stack.start()
    quick = [await stack.api.submit_webhook(receiver.hold(f"/quick/{number}")) for number in range(3)]
    stuck = [await stack.api.submit_webhook(receiver.hold("/stuck")) for _ in range(3)]
    await until(lambda: receiver.hits.total() == 6)

    worker.send(signal.SIGTERM)
    await worker.until_logged("worker.draining")
    for number in range(3):
        receiver.release(f"/quick/{number}")
    assert await worker.ended(within_seconds=10) == 0

    assert await stack.records.each_completed_once(quick)
    for task_id in stuck:
        task = await stack.api.task(task_id)
        assert (task["status"], task["attempt"], task["error"]) == ("pending", 0, None)
        assert await stack.records.outcomes(task_id) == ["released"]
    # Nothing waits for a visibility to end: a message of each is there for the next worker.
    assert stack.sqs.depth().in_flight == 0
    await until(lambda: stack.sqs.depth().visible == 3)

    receiver.release("/stuck")
    await stack.start_worker()
    await until(lambda: stack.records.all_completed(6))
    for task_id in stuck:
        assert await stack.records.outcomes(task_id) == ["released", "succeeded"]
        assert (await stack.api.task(task_id))["attempt"] == 1
    assert await stack.records.each_completed_once([*quick, *stuck])
    await until(stack.is_queue_empty)


@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGINT])
async def test_each_idle_service_stops_at_a_signal_with_exit_code_0(stack: Stack, sent: signal.Signals) -> None:
    services = await asyncio.gather(stack.start_api(), stack.start_worker(), stack.start_relay())
    for service in services:
        service.send(sent)
    assert [await service.ended(within_seconds=10) for service in services] == [0, 0, 0]
