"""The core over a real database: what becomes of tasks and of the messages that asked for them."""

import asyncio
import sys
from typing import Any

import pytest
import structlog
from waybill_processor.delivery import Acknowledge, Redeliver
from waybill_processor.errors import Permanent, RetryAfter
from waybill_processor.handlers.note_process import process_note
from waybill_processor.policy import RetryPolicy

pytestmark = pytest.mark.store

HELD = "INSERT INTO outbox (task_id, dispatch, reason, available_at) VALUES ($1, 2, 'hold', now() + interval '1 h')"


async def test_a_task_is_worked_once_and_its_message_acknowledged(tasks: Any, deliver: Any, open_with: Any, echo: Any):
    async def work(payload: Any, task: Any) -> Any:
        return echo.Result(text=f"{task.title}: {payload.text} at attempt {task.attempt} of {task.max_attempts}")

    processor = await open_with(work)
    task_id = await tasks.insert(title="T", payload='{"text": "hello"}')
    assert await processor.process([deliver(task_id)]) == [Acknowledge()]
    row = await tasks.row(task_id)
    assert (row["status"], row["result"]) == ("completed", {"text": "T: hello at attempt 1 of 8"})
    assert row["finished_at"] >= row["started_at"] >= row["created_at"]
    assert await tasks.attempts(task_id) == [(1, 1, "succeeded")]
    assert await tasks.outbox(task_id) is None


async def test_a_message_that_comes_again_after_completion_has_no_effect(
    tasks: Any, deliver: Any, open_with: Any, echo: Any
):
    runs: list[int] = []

    async def work(payload: Any, task: Any) -> Any:
        runs.append(task.attempt)
        return echo.Result(text="")

    processor = await open_with(work)
    task_id = await tasks.insert()
    for _ in range(3):
        assert await processor.process([deliver(task_id)]) == [Acknowledge()]
    assert runs == [1]


async def test_deliveries_of_one_task_in_one_batch_share_one_run(tasks: Any, deliver: Any, open_with: Any, echo: Any):
    runs: list[int] = []

    async def work(payload: Any, task: Any) -> Any:
        runs.append(task.attempt)
        return echo.Result(text="")

    processor = await open_with(work)
    task_id = await tasks.insert()
    assert await processor.process([deliver(task_id), deliver(task_id), deliver(task_id)]) == [Acknowledge()] * 3
    assert runs == [1]


async def test_a_raising_handler_is_retried_by_a_later_dispatch(tasks: Any, deliver: Any, open_with: Any):
    async def work(payload: Any, task: Any) -> Any:
        raise RuntimeError("the other side\x00 is away")

    processor = await open_with(work, RetryPolicy(max_attempts=2, first_delay_seconds=500))
    task_id = await tasks.insert()
    assert await processor.process([deliver(task_id)]) == [Acknowledge()]
    row, dispatched = await tasks.row(task_id), await tasks.outbox(task_id)
    assert (row["status"], row["attempt"], row["dispatch"]) == ("pending", 1, 2)
    expected = {"code": "handler_error", "message": "the other side\ufffd is away", "error_type": "RuntimeError"}
    assert row["error"] == expected
    assert (dispatched["dispatch"], dispatched["reason"]) == (2, "retry")
    assert await tasks.attempts(task_id) == [(1, 1, "retryable")]


async def test_the_log_says_which_line_of_a_handler_raised(tasks: Any, deliver: Any, open_with: Any):
    async def work(payload: Any, task: Any) -> Any:
        return await process_note(payload, None)  # type: ignore[arg-type]

    processor = await open_with(work)
    with structlog.testing.capture_logs() as logged:
        await processor.process([deliver(await tasks.insert())])
    (retried,) = [entry for entry in logged if entry["event"] == "task.retried"]
    assert retried["error_type"] == "AttributeError"
    assert retried["raised_at"].startswith("note_process.py:")


async def test_the_last_attempt_fails_the_task(tasks: Any, deliver: Any, open_with: Any):
    async def work(payload: Any, task: Any) -> Any:
        raise RuntimeError("no")

    processor = await open_with(work, RetryPolicy(max_attempts=2))
    task_id = await tasks.insert(attempt=1, fence=1)
    assert await processor.process([deliver(task_id)]) == [Acknowledge()]
    row = await tasks.row(task_id)
    assert (row["status"], row["attempt"], row["error"]["message"]) == ("failed", 2, "no")
    assert await tasks.attempts(task_id) == [(2, 2, "permanent")]
    assert await tasks.outbox(task_id) is None


async def test_permanent_fails_at_the_first_attempt(tasks: Any, deliver: Any, open_with: Any):
    async def work(payload: Any, task: Any) -> Any:
        raise Permanent("there is no such customer")

    processor = await open_with(work)
    task_id = await tasks.insert()
    await processor.process([deliver(task_id)])
    row = await tasks.row(task_id)
    assert (row["status"], row["error"]["code"]) == ("failed", "permanent")


async def test_retry_after_sets_the_delay(tasks: Any, deliver: Any, open_with: Any):
    async def work(payload: Any, task: Any) -> Any:
        raise RetryAfter(300)

    processor = await open_with(work)
    task_id = await tasks.insert()
    await processor.process([deliver(task_id)])
    assert 290 < (await tasks.outbox(task_id))["wait"].total_seconds() <= 300


async def test_a_retried_task_is_not_worked_before_its_time(tasks: Any, deliver: Any, open_with: Any):
    async def work(payload: Any, task: Any) -> Any:
        raise RetryAfter(300)

    processor = await open_with(work)
    task_id = await tasks.insert()
    await processor.process([deliver(task_id)])
    assert await processor.process([deliver(task_id)]) == [Acknowledge()]
    assert (await tasks.row(task_id))["attempt"] == 1


async def test_a_handler_over_its_time_limit_is_cancelled_and_retried(tasks: Any, deliver: Any, open_with: Any):
    cancelled = asyncio.Event()

    async def work(payload: Any, task: Any) -> Any:
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    processor = await open_with(work, RetryPolicy(time_limit_seconds=0.05))
    task_id = await tasks.insert()
    await processor.process([deliver(task_id)])
    assert cancelled.is_set()
    assert (await tasks.row(task_id))["error"]["code"] == "timeout"


async def test_a_plain_function_works_in_a_thread_of_its_own(tasks: Any, deliver: Any, open_with: Any, echo: Any):
    import threading

    def work(payload: Any, task: Any) -> Any:
        return echo.Result(text=threading.current_thread().name)

    processor = await open_with(work)
    task_id = await tasks.insert()
    await processor.process([deliver(task_id)])
    assert (await tasks.row(task_id))["result"]["text"].startswith("handler")


@pytest.mark.parametrize("returned", [None, {"text": "a dict"}, "text"])
async def test_a_handler_that_does_not_return_its_result_fails_the_task(
    tasks: Any, deliver: Any, open_with: Any, returned: Any
):
    async def work(payload: Any, task: Any) -> Any:
        return returned

    processor = await open_with(work)
    task_id = await tasks.insert()
    assert await processor.process([deliver(task_id)]) == [Acknowledge()]
    row = await tasks.row(task_id)
    assert (row["status"], row["error"]["code"]) == ("failed", "result_invalid")


@pytest.mark.parametrize("text", [5, "\x00", "\ud800", "x" * 300_000, float("nan")])
async def test_a_result_that_cannot_be_stored_or_read_fails_the_task_and_no_neighbour(
    tasks: Any, deliver: Any, open_with: Any, echo: Any, text: Any
):
    async def work(payload: Any, task: Any) -> Any:
        return echo.Result(text=text if payload.text == "bad" else "good")

    processor = await open_with(work)
    bad = await tasks.insert(payload='{"text": "bad"}')
    good = [await tasks.insert() for _ in range(3)]
    assert await processor.process([deliver(task_id) for task_id in (bad, *good)]) == [Acknowledge()] * 4
    assert (await tasks.row(bad))["error"]["code"] == "result_invalid"
    assert [(await tasks.row(task_id))["status"] for task_id in good] == ["completed"] * 3


async def test_a_stored_payload_that_does_not_read_fails_the_task_at_once(tasks: Any, deliver: Any, open_with: Any):
    processor = await open_with(_never_called)
    task_id = await tasks.insert(payload='{"text": 5}')
    assert await processor.process([deliver(task_id)]) == [Acknowledge()]
    row = await tasks.row(task_id)
    assert (row["status"], row["error"]["code"]) == ("failed", "payload_invalid")
    assert "$.text" in row["error"]["message"]


async def _never_called(payload: Any, task: Any) -> Any:
    raise AssertionError("this handler must not run")


async def test_poison_is_recorded_and_acknowledged_and_harms_no_neighbour(
    tasks: Any, deliver: Any, open_with: Any, echo: Any
):
    async def work(payload: Any, task: Any) -> Any:
        return echo.Result(text="")

    processor = await open_with(work)
    good = [await tasks.insert() for _ in range(6)]
    poison = [deliver(body=body) for body in ("", "[" * 5000, '{"Records": []}', "\ud800")]
    assert await processor.process([*poison, *map(deliver, good)]) == [Acknowledge()] * 10
    assert {(await tasks.row(task_id))["status"] for task_id in good} == {"completed"}
    rows = await tasks.fetch("SELECT reason, origin FROM dead_letters ORDER BY message_id")
    reasons = ["not_json", "too_deep", "unsupported_envelope", "not_utf8"]
    assert [tuple(row) for row in rows] == [(reason, "queue") for reason in reasons]


async def test_poison_that_is_delivered_twice_is_recorded_once(tasks: Any, deliver: Any, open_with: Any):
    processor = await open_with(_never_called)
    twice = deliver(body="?")
    assert await processor.process([twice, twice]) == [Acknowledge()] * 2
    assert len(await tasks.fetch("SELECT FROM dead_letters")) == 1


async def test_a_message_from_the_future_is_redelivered_and_not_recorded(tasks: Any, deliver: Any, open_with: Any):
    processor = await open_with(_never_called)
    future = deliver(body='{"specversion": "1.0", "type": "waybill.task.requested.v2"}')
    assert await processor.process([future]) == [Redeliver(60.0)]
    assert await tasks.fetch("SELECT FROM dead_letters") == []


async def test_an_unknown_task_is_awaited_twice_and_then_poison(tasks: Any, deliver: Any, open_with: Any):
    processor = await open_with(_never_called)
    assert await processor.process([deliver(receive_count=1)]) == [Redeliver(10.0)]
    assert await processor.process([deliver(receive_count=2)]) == [Redeliver(20.0)]
    assert await processor.process([deliver(receive_count=3)]) == [Acknowledge()]
    assert (await tasks.fetch("SELECT reason FROM dead_letters"))[0][0] == "unknown_task"


async def test_a_message_that_names_another_kind_than_the_row_is_poison(tasks: Any, deliver: Any, open_with: Any):
    processor = await open_with(_never_called)
    task_id = await tasks.insert()
    assert await processor.process([deliver(task_id, kind="test.other")]) == [Acknowledge()]
    assert (await tasks.fetch("SELECT reason, task_id FROM dead_letters"))[0] == ("kind_mismatch", task_id)
    assert (await tasks.row(task_id))["status"] == "pending"


async def test_a_task_that_this_processor_does_not_read_is_held_uncharged(tasks: Any, deliver: Any, open_with: Any):
    processor = await open_with(_never_called)
    task_id = await tasks.insert(kind="test.newer", payload_version=2)
    assert await processor.process([deliver(task_id, kind="test.newer", version=2)]) == [Acknowledge()]
    row, dispatched = await tasks.row(task_id), await tasks.outbox(task_id)
    assert (row["status"], row["attempt"], row["fence"], row["held_at"] is None) == ("pending", 0, 0, False)
    assert row["held_reason"] == "no processor reads test.newer version 2 yet"
    assert dispatched["reason"] == "hold"
    assert 25 < dispatched["wait"].total_seconds() <= 30


async def test_held_tasks_go_at_once_when_a_processor_that_reads_them_starts(tasks: Any, open_with: Any, until: Any):
    task_id = await tasks.insert(held_at=None)
    await tasks.fetch(HELD, task_id)
    await open_with(_never_called)
    await until(lambda: tasks.is_due(task_id))


async def test_tasks_that_an_older_processor_holds_again_and_again_go_as_long_as_a_newer_one_runs(
    tasks: Any, deliver: Any, open_with: Any, echo: Any, until: Any
):
    """As in a rolling deploy: both take from one queue, and the newer one started first thing."""

    async def work(payload: Any, task: Any) -> Any:
        return echo.Result(text="")

    newer = await open_with(work, unhold_seconds=0.1)
    older = await open_with(_never_called, payload=echo.Another)
    task_id = await tasks.insert()
    await tasks.change(task_id, "held_at = now() - interval '1 h'")  # so that by itself it would wait a quarter
    for dispatch in (1, 2, 3):
        assert await older.process([deliver(task_id, dispatch=dispatch)]) == [Acknowledge()]
        await until(lambda: tasks.is_due(task_id))
        await tasks.fetch("DELETE FROM outbox")  # as the relay takes it
    assert await newer.process([deliver(task_id, dispatch=4)]) == [Acknowledge()]
    row = await tasks.row(task_id)
    assert (row["status"], row["attempt"], row["held_at"]) == ("completed", 1, None)


async def test_held_tasks_go_although_the_database_was_away_at_the_first_look(tasks: Any, open_with: Any, until: Any):
    task_id = await tasks.insert()
    await tasks.fetch(HELD, task_id)
    await tasks.fetch("ALTER TABLE outbox RENAME TO outbox_of_another_revision")
    with structlog.testing.capture_logs() as logged:
        await open_with(_never_called, unhold_seconds=0.1)
        await until(lambda: [entry for entry in logged if entry["event"] == "processor.unhold_failed"])
    await tasks.fetch("ALTER TABLE outbox_of_another_revision RENAME TO outbox")
    await until(lambda: tasks.is_due(task_id))


async def test_a_running_task_is_left_to_its_lease(tasks: Any, deliver: Any, open_with: Any):
    processor = await open_with(_never_called)
    task_id = await tasks.processing(lease="40 seconds")
    [disposition] = await processor.process([deliver(task_id)])
    assert isinstance(disposition, Redeliver)
    assert 38 < disposition.after_seconds < 44


async def test_a_superseded_message_of_a_running_task_is_acknowledged(tasks: Any, deliver: Any, open_with: Any):
    processor = await open_with(_never_called)
    task_id = await tasks.processing(dispatch=3)
    assert await processor.process([deliver(task_id, dispatch=2)]) == [Acknowledge()]


async def test_a_lease_that_ran_out_is_taken_over_with_a_higher_fence(
    tasks: Any, deliver: Any, open_with: Any, echo: Any
):
    async def work(payload: Any, task: Any) -> Any:
        return echo.Result(text="")

    processor = await open_with(work)
    task_id = await tasks.processing(fence=4, attempt=2, lease="-1 second")
    assert await processor.process([deliver(task_id)]) == [Acknowledge()]
    assert await tasks.attempts(task_id) == [(4, 2, "lost"), (5, 3, "succeeded")]


async def test_a_late_answer_of_a_lost_lease_changes_nothing(tasks: Any, deliver: Any, open_with: Any, echo: Any):
    async def work(payload: Any, task: Any) -> Any:
        await tasks.change(task.task_id, "fence = fence + 1, worker = 'successor:1'")
        return echo.Result(text="late")

    processor = await open_with(work)
    task_id = await tasks.insert()
    assert await processor.process([deliver(task_id)]) == [Acknowledge()]
    row = await tasks.row(task_id)
    assert (row["status"], row["result"], row["worker"]) == ("processing", None, "successor:1")
    assert await tasks.attempts(task_id) == []


async def test_a_lost_lease_cancels_the_handler_at_the_next_heartbeat(tasks: Any, deliver: Any, open_with: Any):
    cancelled = asyncio.Event()

    async def work(payload: Any, task: Any) -> Any:
        await tasks.change(task.task_id, "fence = fence + 1, worker = 'successor:1'")
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    processor = await open_with(work, heartbeat_seconds=0.05)
    task_id = await tasks.insert()
    assert await processor.process([deliver(task_id)]) == [Acknowledge()]
    assert cancelled.is_set()
    assert (await tasks.row(task_id))["worker"] == "successor:1"


async def test_heartbeats_keep_a_task_longer_than_its_lease(
    tasks: Any, deliver: Any, open_with: Any, echo: Any, until: Any
):
    finish = asyncio.Event()

    async def work(payload: Any, task: Any) -> Any:
        await finish.wait()
        return echo.Result(text="")

    processor = await open_with(work, lease_seconds=0.5, heartbeat_seconds=0.1)
    task_id = await tasks.insert()
    running = asyncio.create_task(processor.process([deliver(task_id)]))

    async def outlived_its_lease() -> bool:
        row = await tasks.row(task_id)
        renewed = row["lease_until"] and (row["lease_until"] - row["claimed_at"]).total_seconds()
        return bool(renewed and renewed > 1.0)

    await until(outlived_its_lease)
    finish.set()
    assert await running == [Acknowledge()]
    assert await tasks.attempts(task_id) == [(1, 1, "succeeded")]


async def test_a_requested_cancel_reaches_the_handler_at_a_heartbeat(tasks: Any, deliver: Any, open_with: Any):
    async def work(payload: Any, task: Any) -> Any:
        await tasks.change(task.task_id, "cancel_requested_at = clock_timestamp()")
        await asyncio.Event().wait()

    processor = await open_with(work, heartbeat_seconds=0.05)
    task_id = await tasks.insert()
    assert await processor.process([deliver(task_id)]) == [Acknowledge()]
    assert (await tasks.row(task_id))["status"] == "cancelled"
    assert await tasks.attempts(task_id) == [(1, 1, "cancelled")]


async def test_a_result_that_comes_after_a_cancel_was_requested_stays(
    tasks: Any, deliver: Any, open_with: Any, echo: Any
):
    async def work(payload: Any, task: Any) -> Any:
        await tasks.change(task.task_id, "cancel_requested_at = clock_timestamp()")
        return echo.Result(text="done")

    processor = await open_with(work)
    task_id = await tasks.insert()
    await processor.process([deliver(task_id)])
    assert (await tasks.row(task_id))["status"] == "completed"


async def test_a_failure_after_a_cancel_was_requested_is_a_cancel(tasks: Any, deliver: Any, open_with: Any):
    async def work(payload: Any, task: Any) -> Any:
        await tasks.change(task.task_id, "cancel_requested_at = clock_timestamp()")
        raise RuntimeError("interrupted, in a way")

    processor = await open_with(work)
    task_id = await tasks.insert()
    await processor.process([deliver(task_id)])
    assert (await tasks.row(task_id))["status"] == "cancelled"
    assert await tasks.outbox(task_id) is None


async def test_a_handler_that_cancels_itself_is_retried(tasks: Any, deliver: Any, open_with: Any):
    async def work(payload: Any, task: Any) -> Any:
        raise asyncio.CancelledError

    processor = await open_with(work)
    task_id = await tasks.insert()
    assert await processor.process([deliver(task_id)]) == [Acknowledge()]
    assert (await tasks.row(task_id))["error"]["error_type"] == "HandlerCancelledItself"


async def test_nobody_waits_for_a_slower_neighbour(tasks: Any, deliver: Any, open_with: Any, echo: Any, until: Any):
    finish = asyncio.Event()
    settled: list[Any] = []

    async def work(payload: Any, task: Any) -> Any:
        if payload.text == "slow":
            await finish.wait()
        return echo.Result(text="")

    def settle(delivery: Any, disposition: Any) -> None:
        settled.append(disposition)

    processor = await open_with(work)
    slow = await tasks.insert(payload='{"text": "slow"}')
    quick = [await tasks.insert() for _ in range(9)]
    running = asyncio.create_task(processor.process([deliver(i) for i in (slow, *quick)], settle))
    await until(lambda: len(settled) == 9)
    assert {(await tasks.row(task_id))["status"] for task_id in quick} == {"completed"}
    finish.set()
    assert await running == [Acknowledge()] * 10


async def test_without_its_database_the_batch_is_handed_back(deliver: Any, open_with: Any, database: Any, tasks: Any):
    processor = await open_with(_never_called)
    await tasks.fetch(f"ALTER DATABASE {database.name} CONNECTION LIMIT 0")
    await tasks.fetch("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'waybill_processor'")
    [disposition] = await processor.process([deliver()])
    assert isinstance(disposition, Redeliver)
    assert processor.database_down
    await tasks.fetch(f"ALTER DATABASE {database.name} CONNECTION LIMIT -1")
    await processor.probe()
    assert not processor.database_down


async def test_a_result_outlives_a_database_that_goes_away_for_a_while(
    tasks: Any, deliver: Any, open_with: Any, echo: Any, database: Any, until: Any
):
    runs: list[int] = []

    async def work(payload: Any, task: Any) -> Any:
        runs.append(task.attempt)
        await tasks.fetch(f"ALTER DATABASE {database.name} CONNECTION LIMIT 0")
        await tasks.fetch("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'waybill_processor'")
        return echo.Result(text="kept")

    processor = await open_with(work)
    task_id = await tasks.insert()
    with structlog.testing.capture_logs() as logged:
        running = asyncio.create_task(processor.process([deliver(task_id)]))
        await until(lambda: [entry for entry in logged if entry["event"] == "task.not_recorded_yet"])
        await tasks.fetch(f"ALTER DATABASE {database.name} CONNECTION LIMIT -1")
        assert await running == [Acknowledge()]
    assert (await tasks.row(task_id))["result"] == {"text": "kept"}
    assert runs == [1]


async def test_a_result_that_cannot_be_recorded_in_time_is_left_to_the_next_delivery(
    tasks: Any, deliver: Any, open_with: Any, echo: Any, database: Any
):
    async def work(payload: Any, task: Any) -> Any:
        await tasks.fetch(f"ALTER DATABASE {database.name} CONNECTION LIMIT 0")
        await tasks.fetch("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'waybill_processor'")
        return echo.Result(text="lost")

    processor = await open_with(work, lease_seconds=0.2, heartbeat_seconds=0.1)
    task_id = await tasks.insert()
    assert await processor.process([deliver(task_id)]) == [Redeliver(5.0)]
    assert (await tasks.row(task_id))["status"] == "processing"


async def test_a_text_about_nul_is_a_good_result(tasks: Any, deliver: Any, open_with: Any, echo: Any):
    async def work(payload: Any, task: Any) -> Any:
        return echo.Result(text="\\u0000 is how JSON writes it")

    processor = await open_with(work)
    task_id = await tasks.insert()
    await processor.process([deliver(task_id)])
    assert (await tasks.row(task_id))["result"] == {"text": "\\u0000 is how JSON writes it"}


async def test_a_fault_that_nobody_foresaw_hands_its_delivery_back_and_harms_no_neighbour(
    tasks: Any, deliver: Any, open_with: Any, echo: Any
):
    async def work(payload: Any, task: Any) -> Any:
        return echo.Result(text="")

    processor = await open_with(work)
    await tasks.fetch("ALTER TABLE dead_letters ADD CONSTRAINT unforeseen CHECK (false)")
    task_id = await tasks.insert()
    assert await processor.process([deliver(body="?"), deliver(task_id)]) == [Redeliver(5.0), Acknowledge()]


@pytest.mark.parametrize("is_async", [True, False])
async def test_a_handler_that_exits_is_retried_and_does_not_end_the_process(
    tasks: Any, deliver: Any, open_with: Any, is_async: bool
):
    def exit_now(payload: Any, task: Any) -> Any:
        sys.exit("usage: ...")

    async def exit_soon(payload: Any, task: Any) -> Any:
        sys.exit("usage: ...")

    processor = await open_with(exit_soon if is_async else exit_now)
    task_id = await tasks.insert()
    assert await processor.process([deliver(task_id)]) == [Acknowledge()]
    row = await tasks.row(task_id)
    assert (row["status"], row["error"]["error_type"]) == ("pending", "HandlerExited")
    assert "usage" in row["error"]["message"]


@pytest.mark.parametrize("seconds", [float("inf"), 1e18])
async def test_a_retry_for_ever_later_is_a_retry_in_a_year(tasks: Any, deliver: Any, open_with: Any, seconds: float):
    async def work(payload: Any, task: Any) -> Any:
        raise RetryAfter(seconds)

    processor = await open_with(work)
    task_id = await tasks.insert()
    assert await processor.process([deliver(task_id)]) == [Acknowledge()]
    assert (await tasks.outbox(task_id))["wait"].days >= 364


@pytest.mark.parametrize(
    "fault",
    [
        "ALTER ROLE waybill_processor IN DATABASE {} SET default_transaction_read_only = on",
        "ALTER TABLE tasks RENAME TO tasks_of_another_revision",
    ],
)
async def test_a_database_that_answers_but_takes_no_claims_is_down(
    deliver: Any, open_with: Any, database: Any, tasks: Any, fault: str
):
    await tasks.fetch(fault.format(database.name))
    processor = await open_with(_never_called)
    await processor.process([deliver()])
    await processor.probe()
    assert processor.database_down


async def test_the_log_of_an_attempt_carries_the_trace_of_its_submit_and_no_other(
    tasks: Any, deliver: Any, open_with: Any, echo: Any
):
    seen: dict[str, Any] = {}

    async def work(payload: Any, task: Any) -> Any:
        seen[str(task.task_id)] = structlog.contextvars.get_contextvars().get("trace_id")
        return echo.Result(text="")

    processor = await open_with(work)
    traced, untraced = await tasks.insert(), await tasks.insert()
    traceparent = f"00-{'a' * 32}-{'b' * 16}-01"
    await processor.process([deliver(traced, traceparent=traceparent), deliver(untraced)])
    assert seen == {str(traced): "a" * 32, str(untraced): None}
