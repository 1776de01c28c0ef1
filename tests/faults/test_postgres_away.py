"""PostgreSQL stops, crashes or comes back: clients hear 503 at once, and everything recovers without our help."""

import asyncio
import os
import signal
import time
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest
from waybill_dev.postgres import PostgresServer, temporary_postgres
from waybill_runtime.database import ACQUIRE_SECONDS, STATEMENT_SECONDS

from tests.stack.client import Answer
from tests.stack.processes import Until
from tests.stack.receiver import Receiver
from tests.stack.stack import Stack, open_stack
from tools.servers import OWNER, TEMPLATE, make_template

ANSWERED_WITHIN_SECONDS = 1.0
AWAY_SECONDS = 20


@pytest.fixture(scope="module")
def postgres() -> Iterator[PostgresServer]:
    """A server for this module alone. What it commits survives a crash of it, as it does in production."""
    with temporary_postgres(settings={"synchronous_commit": "on"}) as server:
        make_template(server)
        yield server


@pytest.fixture
async def own_stack(postgres: PostgresServer, tmp_path: Path, until: Until) -> AsyncIterator[Stack]:
    """A stack on a fresh database of that server."""
    postgres.restart()  # however the test before left it
    name = f"test_{uuid.uuid4().hex[:12]}"
    postgres.execute(f"CREATE DATABASE {name} OWNER {OWNER} TEMPLATE {TEMPLATE}")
    async with open_stack(tmp_path, lambda role: postgres.url(role, name), until) as stack:
        await stack.records.keep_ledger()
        yield stack


@pytest.fixture
async def own_function(postgres: PostgresServer, tmp_path: Path, until: Until) -> AsyncIterator[Stack]:
    """As `own_stack`, with the deployed zip to work the tasks."""
    postgres.restart()
    name = f"test_{uuid.uuid4().hex[:12]}"
    postgres.execute(f"CREATE DATABASE {name} OWNER {OWNER} TEMPLATE {TEMPLATE}")
    async with open_stack(tmp_path, lambda role: postgres.url(role, name), until, "lambda") as stack:
        await stack.records.keep_ledger()
        yield stack


async def test_a_function_whose_database_was_away_for_twenty_seconds_works_everything_once(
    own_function: Stack, postgres: PostgresServer, until: Until
) -> None:
    stack = own_function
    stack.come_again_after(6)
    await stack.start()
    first = await stack.api.submit("before")
    await until(lambda: stack.records.each_completed_once([first]), within_seconds=20)
    postgres.stop()
    for _ in range(10):
        stack.send_message("poison that cannot be recorded meanwhile")
    began = time.monotonic()
    await until(lambda: time.monotonic() > began + AWAY_SECONDS, within_seconds=AWAY_SECONDS + 5)
    assert stack.sqs.depth().visible + stack.sqs.depth().in_flight == 10  # handed back, each time
    postgres.start()
    await until(stack.is_ready)
    later = [await stack.api.submit("after") for _ in range(10)]
    await until(lambda: stack.records.each_completed_once([first, *later]), within_seconds=30)
    await until(stack.is_queue_empty, within_seconds=20)
    assert len(await stack.records.dead_letters()) == 10


@pytest.mark.parametrize("end", [PostgresServer.stop, PostgresServer.kill], ids=["stopped", "crashed"])
async def test_everything_recovers_from_a_database_that_was_away(
    own_stack: Stack, postgres: PostgresServer, receiver: Receiver, until: Until, end: Callable[[PostgresServer], None]
) -> None:
    stack = own_stack
    stack.configure(lease_seconds=3, heartbeat_seconds=0.5, visibility_seconds=5)
    services = [await stack.start_api(), await stack.start_worker()]
    running = [await stack.api.submit_webhook(receiver.hold("/held")) for _ in range(5)]
    await until(lambda: receiver.hits["/held"] == len(running))

    end(postgres)
    answers = await ask_everything(stack, running[0])
    assert {answer.status for answer in answers} == {503}
    assert all(1 <= int(answer.headers["retry-after"]) <= 5 for answer in answers)
    assert max(answer.seconds for answer in answers) < ANSWERED_WITHIN_SECONDS
    ready, live = await asyncio.gather(stack.api.get("/health/ready"), stack.api.get("/health/live"))
    assert (ready.status, "database" in ready.body["degraded"], live.status) == (503, True, 200)
    assert max(ready.seconds, live.seconds) < ANSWERED_WITHIN_SECONDS
    receiver.release("/held")  # they end while nobody can put that on record
    await services[1].until_logged("task.uncommitted")

    postgres.start()
    await until(stack.is_ready)
    later = [await stack.api.submit("after") for _ in range(5)]
    await until(lambda: stack.records.each_completed_once([*running, *later]), within_seconds=30)
    assert [service.is_running for service in services] == [True, True]
    await until(stack.is_queue_empty, within_seconds=15)


async def test_no_task_answered_202_is_lost_when_the_database_crashes_under_load(
    own_stack: Stack, postgres: PostgresServer, until: Until
) -> None:
    stack = own_stack
    stack.configure(lease_seconds=3, heartbeat_seconds=0.5, visibility_seconds=5)
    await stack.start()
    answers: list[Answer] = []
    enough = False

    def number_of(status: int) -> int:
        return sum(answer.status == status for answer in answers)

    async def submit_until_enough() -> None:
        while not enough:
            answers.append(await stack.api.request("POST", "/tasks", {"title": "under load"}))

    async with asyncio.TaskGroup() as clients:
        for _ in range(10):
            clients.create_task(submit_until_enough())
        await until(lambda: number_of(202) > 200)
        postgres.kill()
        await until(lambda: number_of(503) > 100)
        postgres.start()
        before = number_of(202)
        await until(lambda: number_of(202) > before + 100, within_seconds=20)
        enough = True

    assert {answer.status for answer in answers} == {202, 503}
    assert max(answer.seconds for answer in answers if answer.status == 503) < ANSWERED_WITHIN_SECONDS
    stored = await stack.records.task_ids()
    assert {answer.body["id"] for answer in answers if answer.status == 202} <= stored
    await until(lambda: stack.records.each_completed_once(sorted(stored)), within_seconds=30)
    await until(stack.is_queue_empty, within_seconds=15)


async def test_services_answer_503_and_stop_in_good_order_although_the_database_hangs(
    own_stack: Stack, postgres: PostgresServer, until: Until
) -> None:
    stack = own_stack
    services = await asyncio.gather(stack.start_api(), stack.start_worker(), stack.start_relay())
    await stack.api.submit("before")
    await until(lambda: stack.records.all_completed(1))

    signal_everything(postgres, signal.SIGSTOP)
    try:
        answers = await ask_everything(stack, str(uuid.uuid4()))
        ready, live = await asyncio.gather(stack.api.get("/health/ready"), stack.api.get("/health/live"))
        for service in services:
            service.send(signal.SIGTERM)
        exit_codes = [await service.ended(within_seconds=15) for service in services]
    finally:
        signal_everything(postgres, signal.SIGCONT)
    assert {answer.status for answer in answers} == {503}
    assert max(answer.seconds for answer in answers) < ACQUIRE_SECONDS + STATEMENT_SECONDS + 1
    assert (ready.status, live.status) == (503, 200)
    assert ready.seconds < ANSWERED_WITHIN_SECONDS
    assert exit_codes == [0, 0, 0]


def signal_everything(postgres: PostgresServer, sent: signal.Signals) -> None:
    """Signal a server and its processes, which lead groups of their own."""
    server = int((postgres.cluster.data / "postmaster.pid").read_text().split()[0])
    children = Path(f"/proc/{server}/task/{server}/children").read_text().split()
    for pid in (server, *map(int, children)):
        os.kill(pid, sent)


async def ask_everything(stack: Stack, task_id: str) -> list[Answer]:
    """Every kind of request, several at once and one after another."""
    rounds = [
        await asyncio.gather(
            *(stack.api.request("POST", "/tasks", {"title": "in vain"}) for _ in range(10)),
            *(stack.api.get(path) for path in (f"/tasks/{task_id}", "/tasks", "/tasks?status=pending")),
        )
        for _ in range(3)
    ]
    return [answer for answers in rounds for answer in answers]
