"""What a handler writes in `task.transaction` commits with its completion, or not at all."""

import asyncio
from contextlib import suppress
from typing import Any

import pytest
from waybill_processor.delivery import Acknowledge
from waybill_processor.policy import RetryPolicy

pytestmark = pytest.mark.store


@pytest.fixture
async def ledger(tasks: Any) -> Any:
    """A table without a unique key, so that a double effect would show."""
    await tasks.fetch("CREATE TABLE ledger (task_id uuid)")
    await tasks.fetch("GRANT INSERT ON ledger TO waybill_processor")

    async def entries() -> list[Any]:
        return [row[0] for row in await tasks.fetch("SELECT task_id FROM ledger")]

    return entries


async def _enter(task: Any) -> None:
    connection = await task.transaction()
    await connection.execute("INSERT INTO ledger VALUES ($1)", task.task_id)


async def test_the_effect_is_applied_with_the_completion(
    tasks: Any, deliver: Any, open_with: Any, echo: Any, ledger: Any
):
    async def work(payload: Any, task: Any) -> Any:
        await _enter(task)
        await _enter(task)
        assert await ledger() == []
        return echo.Result(text="")

    processor = await open_with(work)
    task_id = await tasks.insert()
    assert await processor.process([deliver(task_id), deliver(task_id)]) == [Acknowledge()] * 2
    assert await ledger() == [task_id, task_id]
    assert (await tasks.row(task_id))["status"] == "completed"
    assert await tasks.attempts(task_id) == [(1, 1, "succeeded")]


async def test_the_effect_of_a_raising_handler_is_rolled_back(tasks: Any, deliver: Any, open_with: Any, ledger: Any):
    async def work(payload: Any, task: Any) -> Any:
        await _enter(task)
        raise RuntimeError("after the effect")

    processor = await open_with(work)
    task_id = await tasks.insert()
    await processor.process([deliver(task_id)])
    assert await ledger() == []
    assert await tasks.attempts(task_id) == [(1, 1, "retryable")]


async def test_the_effect_of_a_lost_lease_is_rolled_back(
    tasks: Any, deliver: Any, open_with: Any, echo: Any, ledger: Any
):
    async def work(payload: Any, task: Any) -> Any:
        await _enter(task)
        await tasks.change(task.task_id, "fence = fence + 1, worker = 'successor:1'")
        return echo.Result(text="late")

    processor = await open_with(work)
    task_id = await tasks.insert()
    await processor.process([deliver(task_id)])
    assert await ledger() == []
    assert (await tasks.row(task_id))["worker"] == "successor:1"


async def test_a_connection_that_breaks_in_the_handler_leaves_the_task_to_its_next_attempt(
    tasks: Any, deliver: Any, open_with: Any, echo: Any, ledger: Any
):
    async def work(payload: Any, task: Any) -> Any:
        await _enter(task)
        await tasks.fetch(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'waybill-handlers'"
        )
        return echo.Result(text="")

    processor = await open_with(work)
    task_id = await tasks.insert()
    [disposition] = await processor.process([deliver(task_id)])
    assert disposition != Acknowledge()
    assert await ledger() == []
    assert (await tasks.row(task_id))["status"] == "processing"


async def test_parts_of_a_handler_that_ask_at_once_share_one_connection(
    tasks: Any, deliver: Any, open_with: Any, echo: Any, ledger: Any
):
    seen: list[Any] = []

    async def work(payload: Any, task: Any) -> Any:
        seen.extend(await asyncio.gather(task.transaction(), task.transaction()))
        return echo.Result(text="")

    processor = await open_with(work)
    assert await processor.process([deliver(await tasks.insert())]) == [Acknowledge()]
    assert seen[0] is seen[1]
    assert await _transactions_left_open(tasks) == 0


async def test_a_handler_that_runs_on_after_its_time_gets_no_transaction_any_more(
    tasks: Any, deliver: Any, open_with: Any, until: Any
):
    answered: list[Any] = []
    go_on = asyncio.Event()

    async def work(payload: Any, task: Any) -> Any:
        while not go_on.is_set():
            with suppress(asyncio.CancelledError):
                await go_on.wait()
        answered.extend(await asyncio.gather(task.transaction(), return_exceptions=True))

    processor = await open_with(work, RetryPolicy(time_limit_seconds=0.05))
    await processor.process([deliver(await tasks.insert())])
    go_on.set()
    await until(lambda: answered)
    assert isinstance(answered[0], RuntimeError)
    assert await _transactions_left_open(tasks) == 0


async def test_a_handler_that_swallowed_an_error_of_its_transaction_is_retried_and_told_why(
    tasks: Any, deliver: Any, open_with: Any, echo: Any, ledger: Any
):
    async def work(payload: Any, task: Any) -> Any:
        with suppress(Exception):
            await (await task.transaction()).execute("SELECT 1 / 0")
        return echo.Result(text="")

    processor = await open_with(work)
    task_id = await tasks.insert()
    assert await processor.process([deliver(task_id)]) == [Acknowledge()]
    row = await tasks.row(task_id)
    assert (row["status"], row["error"]["code"]) == ("pending", "handler_error")
    assert "aborted" in row["error"]["message"]
    assert await tasks.attempts(task_id) == [(1, 1, "retryable")]


async def test_a_constraint_that_is_checked_at_the_commit_is_the_handlers_error(
    tasks: Any, deliver: Any, open_with: Any, echo: Any, ledger: Any
):
    await tasks.fetch("ALTER TABLE ledger ADD UNIQUE (task_id) DEFERRABLE INITIALLY DEFERRED")

    async def work(payload: Any, task: Any) -> Any:
        await _enter(task)
        await _enter(task)
        return echo.Result(text="")

    processor = await open_with(work)
    task_id = await tasks.insert()
    assert await processor.process([deliver(task_id)]) == [Acknowledge()]
    assert (await tasks.row(task_id))["status"] == "pending"
    assert await ledger() == []


async def _transactions_left_open(tasks: Any) -> int:
    query = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in tr%'"
    return (await tasks.fetch(query))[0][0]
