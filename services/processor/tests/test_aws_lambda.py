"""The Lambda shell around the real core and a real database; the deployed zip is proved elsewhere."""

import asyncio
import json
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from waybill_contracts import KindTable
from waybill_processor.aws_lambda import environment as module
from waybill_processor.aws_lambda import invocation
from waybill_processor.aws_lambda.environment import CONNECTIONS, Environment
from waybill_processor.aws_lambda.records import read_records, response
from waybill_processor.policy import RetryPolicy
from waybill_processor.registry import Handler, HandlerTable
from waybill_runtime.settings import SettingsError

pytestmark = pytest.mark.store


class Context:
    """What the runtime hands to a function."""

    function_name = "waybill-processor"

    def __init__(self, request_id: str = "request-1", remaining_seconds: float = 60.0) -> None:
        self.aws_request_id = request_id
        self.remaining_seconds = remaining_seconds

    def get_remaining_time_in_millis(self) -> int:
        return int(self.remaining_seconds * 1000)


def event(*deliveries: Any) -> dict[str, Any]:
    """An event as the mapping sends it."""
    return {
        "Records": [
            {
                "messageId": delivery.message_id,
                "receiptHandle": delivery.receipt_handle,
                "body": delivery.body,
                "attributes": {
                    "ApproximateReceiveCount": str(delivery.receive_count),
                    "SentTimestamp": "1764000000000",
                },
                "eventSource": "aws:sqs",
            }
            for delivery in deliveries
        ]
    }


@pytest.fixture
def invoke(database: Any, echo: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Invokes an environment whose one kind is worked by the given function; from outside a loop, as the runtime."""
    environment = Environment()

    def furnish(function: Any, limit_seconds: float, url: str | None) -> None:
        line = Handler(echo.Payload, function, True, RetryPolicy(time_limit_seconds=limit_seconds))
        monkeypatch.setattr(module, "handler_table", lambda _: HandlerTable(KindTable(echo.Payload), line))
        monkeypatch.setenv("WAYBILL_DATABASE_URL", url or database.url("waybill_processor"))
        monkeypatch.setattr(module, "configure_logging", lambda *_: None)
        monkeypatch.setattr(module, "spare_startup_objects", lambda: None)

    async def answered(
        function: Any, asked: dict[str, Any], context: Context | None, limit_seconds: float, url: str | None = None
    ) -> Any:
        furnish(function, limit_seconds, url)
        return await asyncio.to_thread(environment.invoke, asked, context or Context())

    async def call(
        function: Any,
        *deliveries: Any,
        context: Context | None = None,
        limit_seconds: float = 30.0,
        url: str | None = None,
    ) -> Any:
        answer = await answered(function, event(*deliveries), context, limit_seconds, url)
        return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]

    async def register() -> dict[str, Any]:
        async def idle(payload: Any, task: Any) -> Any:
            return echo.Result(text="")

        return await answered(idle, {"Records": [], "waybill": "register"}, None, 30.0)

    async def prepare(function: Any, url: str) -> None:
        furnish(function, 30.0, url)
        await asyncio.to_thread(environment.prepare)

    call.prepare = prepare  # type: ignore[attr-defined]
    call.register = register  # type: ignore[attr-defined]
    call.environment = environment  # type: ignore[attr-defined]
    yield call
    environment.close()


def test_records_become_deliveries_and_failures_name_their_messages(deliver: Any):
    first, second = read_records(event(deliver(receive_count=3), deliver()))
    assert (first.message_id, first.receive_count, first.sent_at.year) == ("message-1", 3, 2025)
    assert response([second]) == {"batchItemFailures": [{"itemIdentifier": "message-2"}]}
    assert read_records({}) == []


async def test_the_attempt_says_which_function_and_request_did_it(tasks: Any, deliver: Any, invoke: Any, echo: Any):
    async def work(payload: Any, task: Any) -> Any:
        return echo.Result(text="")

    for number in (1, 2):
        task_id = await tasks.insert()
        assert await invoke(work, deliver(task_id), context=Context(f"request-{number}")) == []
        [row] = await tasks.fetch("SELECT worker, outcome FROM attempts WHERE task_id = $1", task_id)
        assert tuple(row) == (f"waybill-processor/request-{number}", "succeeded")


async def test_a_batch_with_poison_and_a_twin_fails_nobody(tasks: Any, deliver: Any, invoke: Any, echo: Any):
    async def work(payload: Any, task: Any) -> Any:
        return echo.Result(text="")

    good = [await tasks.insert() for _ in range(5)]
    batch = [*(deliver(task_id) for task_id in (*good, good[0])), *(deliver(body="?") for _ in range(4))]
    assert await invoke(work, *batch) == []
    assert len(await tasks.fetch("SELECT FROM attempts")) == 5
    assert len(await tasks.fetch("SELECT FROM dead_letters")) == 4


async def test_a_raising_handler_is_on_record_and_not_reported(tasks: Any, deliver: Any, invoke: Any):
    async def work(payload: Any, task: Any) -> Any:
        raise RuntimeError("no")

    task_id = await tasks.insert()
    assert await invoke(work, deliver(task_id)) == []
    assert await tasks.attempts(task_id) == [(1, 1, "retryable")]


async def test_records_that_cannot_be_begun_in_time_are_handed_back_unclaimed(
    tasks: Any, deliver: Any, invoke: Any, echo: Any, monkeypatch: pytest.MonkeyPatch
):
    async def work(payload: Any, task: Any) -> Any:
        await asyncio.sleep(0.4)
        return echo.Result(text="")

    monkeypatch.setenv("WAYBILL_CONCURRENCY", "2")
    ids = [await tasks.insert() for _ in range(4)]
    batch = [deliver(task_id) for task_id in ids]
    failed = await invoke(work, *batch, context=Context(remaining_seconds=6.3), limit_seconds=1.0)
    assert failed == [delivery.message_id for delivery in batch[2:]]
    assert [(await tasks.row(task_id))["fence"] for task_id in ids] == [1, 1, 0, 0]


async def test_an_outcome_that_cannot_be_committed_before_the_end_is_handed_back(
    tasks: Any, deliver: Any, invoke: Any, echo: Any, database: Any, monkeypatch: pytest.MonkeyPatch
):
    async def work(payload: Any, task: Any) -> Any:
        await asyncio.to_thread(cut_off.set)
        await asyncio.to_thread(was_cut_off.wait, 10)
        return echo.Result(text="")

    monkeypatch.setattr(invocation, "BEGIN_MARGIN_SECONDS", 0.5)
    cut_off, was_cut_off = threading.Event(), threading.Event()
    one = deliver(await tasks.insert())
    invoked = asyncio.create_task(invoke(work, one, context=Context(remaining_seconds=4.0), limit_seconds=3.0))
    await asyncio.to_thread(cut_off.wait, 10)
    await tasks.fetch(f"ALTER DATABASE {database.name} CONNECTION LIMIT 0")
    await tasks.fetch("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'waybill_processor'")
    was_cut_off.set()
    assert await invoked == [one.message_id]
    await tasks.fetch(f"ALTER DATABASE {database.name} CONNECTION LIMIT -1")
    assert await invoke(work, deliver(await tasks.insert())) == []


async def test_without_its_database_an_invocation_hands_everything_back_and_recovers(
    tasks: Any, deliver: Any, invoke: Any, echo: Any, database: Any
):
    async def work(payload: Any, task: Any) -> Any:
        return echo.Result(text="")

    task_id = await tasks.insert()
    await tasks.fetch(f"ALTER DATABASE {database.name} CONNECTION LIMIT 0")
    one = deliver(task_id)
    assert await invoke(work, one) == [one.message_id]
    await tasks.fetch(f"ALTER DATABASE {database.name} CONNECTION LIMIT -1")
    assert await invoke(work, one) == []


async def test_connections_that_died_while_the_environment_was_frozen_are_replaced(
    tasks: Any, deliver: Any, invoke: Any, echo: Any, monkeypatch: pytest.MonkeyPatch
):
    async def work(payload: Any, task: Any) -> Any:
        return echo.Result(text="")

    assert await invoke(work, deliver(await tasks.insert())) == []
    await tasks.fetch("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'waybill_processor'")
    monkeypatch.setattr(module, "STALE_SECONDS", 0.0)
    assert await invoke(work, deliver(await tasks.insert())) == []


async def test_an_environment_whose_loop_was_closed_is_opened_anew(tasks: Any, deliver: Any, invoke: Any, echo: Any):
    async def work(payload: Any, task: Any) -> Any:
        return echo.Result(text="")

    assert await invoke(work, deliver(await tasks.insert())) == []
    await asyncio.to_thread(invoke.environment.close)
    assert await invoke(work, deliver(await tasks.insert())) == []


async def test_a_prepared_environment_works_its_first_batch_as_a_later_one_in_two_round_trips(
    wire: Any, tasks: Any, deliver: Any, invoke: Any, echo: Any
):
    """One for the claim, one or two for the ends; no connection is made, no statement prepared."""

    async def work(payload: Any, task: Any) -> Any:
        return echo.Result(text="")

    url, sent = await wire("waybill_processor")
    await invoke.prepare(work, url)
    for _ in ("first", "later"):
        sent.clear()
        assert await invoke(work, *[deliver(await tasks.insert()) for _ in range(10)], url=url) == []
        assert 2 <= sent[b"B"] == sent[b"S"] <= 3
        assert (sent[b""], sent[b"P"], sent[b"Q"]) == (0, 0, 0)
    await asyncio.to_thread(invoke.environment.close)  # the wire is served by this loop, which must go on meanwhile


async def test_what_an_environment_prepares_is_two_statements_and_two_looks_at_types_on_each_of_two_connections(
    wire: Any, invoke: Any, echo: Any
):
    async def work(payload: Any, task: Any) -> Any:
        return echo.Result(text="")

    url, sent = await wire("waybill_processor")
    await invoke.prepare(work, url)
    looked_for_held = 1
    assert sent[b""] == CONNECTIONS
    assert sent[b"P"] <= (2 + 2) * CONNECTIONS + looked_for_held
    await asyncio.to_thread(invoke.environment.close)  # the wire is served by this loop, which must go on meanwhile


async def test_what_cannot_be_prepared_is_left_to_the_first_invocation(
    tasks: Any, deliver: Any, invoke: Any, echo: Any, database: Any
):
    async def work(payload: Any, task: Any) -> Any:
        return echo.Result(text="")

    await tasks.fetch(f"ALTER DATABASE {database.name} CONNECTION LIMIT 0")
    await invoke.prepare(work, database.url("waybill_processor"))
    await tasks.fetch(f"ALTER DATABASE {database.name} CONNECTION LIMIT -1")
    assert await invoke(work, deliver(await tasks.insert())) == []


async def test_settings_that_are_wrong_fail_the_first_invocation_and_not_the_import(
    deliver: Any, invoke: Any, echo: Any
):
    async def work(payload: Any, task: Any) -> Any:
        return echo.Result(text="")

    await invoke.prepare(work, "mysql://nobody")
    with pytest.raises(SettingsError, match="WAYBILL_DATABASE_URL"):
        await invoke(work, deliver(), url="mysql://nobody")


def test_importing_the_handler_imports_no_sdk():
    program = "import json, sys, waybill_processor.aws_lambda; print(json.dumps(sorted(sys.modules)))"
    loaded = json.loads(subprocess.check_output([sys.executable, "-c", program]))
    assert not [name for name in loaded if name.partition(".")[0] in ("aiobotocore", "botocore", "boto3")]


async def test_a_function_registers_when_it_is_asked_to_and_for_good(database: Any, invoke: Any):
    owner = await database.connect("waybill_owner")
    answer = await invoke.register()
    assert (answer["batchItemFailures"], answer["registered"]) == ([], "function waybill-processor")
    [row] = await owner.fetch("SELECT * FROM service_instances")
    assert (row["instance"], row["service"], row["expires"]) == ("function waybill-processor", "processor", False)
    assert "payload.test.echo.v1" in json.loads(row["manifest"])["reads"]


async def test_tasks_held_for_a_function_go_when_it_registers_cold_and_warm(database: Any, tasks: Any, invoke: Any):
    """The answer comes after them: a frozen environment would do nothing more."""

    async def hold() -> Any:
        task_id = await tasks.insert(held_at=datetime.now(UTC))
        statement = "INSERT INTO outbox (task_id, dispatch, reason, available_at) VALUES ('{}', 2, 'hold', '{}')"
        await tasks.fetch(statement.format(task_id, datetime.now(UTC) + timedelta(hours=1)))
        return task_id

    for _ in ("cold", "warm"):
        task_id = await hold()
        await invoke.register()
        assert (await tasks.outbox(task_id))["wait"] <= timedelta(0)


async def test_a_function_whose_database_lacks_the_table_answers_why_it_could_not_register(database: Any, invoke: Any):
    owner = await database.connect("waybill_owner")
    await owner.execute("DROP TABLE service_instances")
    answer = await invoke.register()
    assert answer["batchItemFailures"] == []
    assert "registered" not in answer
    assert "service_instances" in answer["failed"]


async def test_no_other_invocation_registers(database: Any, deliver: Any, tasks: Any, invoke: Any, echo: Any):
    async def work(payload: Any, task: Any) -> Any:
        return echo.Result(text="")

    owner = await database.connect("waybill_owner")
    await invoke(work, deliver(await tasks.insert()))
    assert await owner.fetchval("SELECT count(*) FROM service_instances") == 0
