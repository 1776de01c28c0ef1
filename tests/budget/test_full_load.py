"""What a task costs PostgreSQL and SQS at full load, counted by them: real API, real workers, no stopwatch.

32 clients submit as fast as they are answered, while the relay in the API publishes; then two workers empty the queue.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import astuple, dataclass, replace

import aiohttp
import pytest

from tests.budget.bounds import Overrun, assert_none, overrun
from tests.budget.counting import Counted, Statement, Written, calls
from tests.budget.counting_proxy import CountingSqs
from tests.stack.processes import Until
from tests.stack.stack import Stack

TASKS = 2000
CLIENTS = 32
WORKERS = 2
ROLES = ("waybill_api", "waybill_relay", "waybill_processor")
ANSWERED = (b"S", b"Q", b"H")
"""Messages after which a client waits for PostgreSQL: Sync, Query, Flush."""
Wire = Callable[[str], Awaitable[tuple[str, Counter[bytes]]]]

# Bounds, for each task.
STATEMENTS = 0.45
ROUND_TRIPS = 0.5
SQS_REQUESTS = 0.35
REQUESTS = {
    "SendMessageBatch": (0.125, "relay/loop.py: requests that are not full"),
    "ReceiveMessage": (0.125, "worker/receiving.py: polls that ask for less than ten"),
    "DeleteMessageBatch": (0.115, "worker/settling.py: requests that are not full"),
}
WAL_BYTES = 2600
PHASES = {
    # name: (text in the statement, calls, bytes of WAL, where to look)
    "accept": ("accepted AS (", 0.13, 950, "ACCEPT in waybill_api/store/tasks.py"),
    "publish": ("DELETE FROM outbox", 0.03, 130, "TAKE in waybill_api/store/outbox.py"),
    "claim": ("), claimed AS (", 0.12, 430, "CLAIM in waybill_processor/store/claims.py"),
    "complete": ("result = (SELECT mine.result", 0.13, 1010, "COMPLETE in waybill_processor/store/outcomes.py"),
}
HOT_CLAIMS = 0.6
HOT_HINT = "an index on a column that a claim changes, or rows that fill their page (fillfactor), end that"
APART = ("service_instances", "published_versions", "ledger")
"""Tables that are not written for each task."""


async def submit_all(url: str, number: int) -> None:
    """As fast as the API answers, over so many connections."""
    numbers = iter(range(number))
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=CLIENTS)) as session:

        async def client() -> None:
            for n in numbers:
                async with session.post(f"{url}/tasks", json={"title": f"task {n}"}) as answer:
                    assert answer.status == 202

        await asyncio.gather(*(client() for _ in range(CLIENTS)))


@dataclass(frozen=True)
class Load:
    """Counts of one run of `TASKS` tasks, from the first submit to the last deletion."""

    statements: list[Statement]
    requests: Counter[str]
    round_trips: int
    written: dict[str, Written]
    wal_bytes: float

    def calls(self, fragment: str = "") -> float:
        """Of the statements that hold this text, for each task."""
        return calls(self.statements, fragment) / TASKS

    def wal_of(self, fragment: str) -> float:
        """Bytes for each task that the statements with this text wrote."""
        return sum(one.wal_bytes for one in self.statements if fragment in one.query) / TASKS


@pytest.fixture
async def load(stack: Stack, sqs_requests: CountingSqs, wire: Wire, counted: Counted, until: Until) -> Load:
    wires = {role: await wire(role) for role in ROLES}
    stack.database_url = lambda role: wires[role][0]
    await stack.records.execute("DROP TRIGGER note_completion ON tasks")  # the ledger of other tests
    # Looks on a timer are none of a task's cost: they have guards of their own.
    stack.configure(log_level="info", relay_poll_seconds=60, reap_seconds=60)
    await asyncio.gather(stack.start_api())
    before, wal_before = await counted.written(), await counted.wal_bytes()

    await submit_all(stack.api.url, TASKS)
    await until(stack.records.is_outbox_empty, within_seconds=30)
    await asyncio.gather(*(stack.start_worker() for _ in range(WORKERS)))
    await until(lambda: stack.records.all_completed(TASKS), within_seconds=30)
    await until(stack.is_queue_empty, within_seconds=10)

    statements, requests = await counted.statements(), Counter(sqs_requests.requests)
    round_trips = sum(sent[kind] for _, sent in wires.values() for kind in ANSWERED)
    wal_bytes = await counted.wal_bytes() - wal_before
    await asyncio.gather(*(service.stop() for service in stack.services))  # then their last rows are counted too
    after = await counted.written()
    return Load(statements, requests, round_trips, {name: after[name] - before[name] for name in after}, wal_bytes)


async def test_a_task_at_full_load_costs_shares_of_statements_and_requests_and_six_rows(load: Load):
    assert_none(*costs(load))
    assert_rows_written(load)
    # The guard itself: one more statement for each task is told, and whose it is.
    unwanted = Statement("waybill_api", "SELECT $1", TASKS, TASKS, 0, 0)
    lines = [line for part in costs(replace(load, statements=[*load.statements, unwanted])) for line in part]
    assert len(lines) == 1
    assert lines[0].startswith("statements in all for each task: 1.")
    assert "1.000 waybill_api: SELECT $1" in lines[0]


def costs(load: Load) -> list[list[Overrun]]:
    """What is over its bound."""
    found = [("round trips to PostgreSQL", load.round_trips / TASKS, ROUND_TRIPS, shown(load))]
    found += [("statements in all", load.calls(), STATEMENTS, shown(load))]
    found += [("bytes of WAL in all", load.wal_bytes / TASKS, WAL_BYTES, "new indexes, and rows written twice")]
    found += [("SQS requests", sum(load.requests.values()) / TASKS, SQS_REQUESTS, f"{dict(load.requests)}")]
    found += [(name, load.requests[name] / TASKS, bound, where) for name, (bound, where) in REQUESTS.items()]
    for name, (fragment, most_calls, most_wal, where) in PHASES.items():
        assert load.calls(fragment), f"no statement holds {fragment!r}: PHASES does not know {where} any more"
        found += [(f"statements of {name}", load.calls(fragment), most_calls, where)]
        found += [(f"bytes of WAL of {name}", load.wal_of(fragment), most_wal, where)]
    return [overrun(f"{what} for each task", count, bound, where) for what, count, bound, where in found]


def assert_rows_written(load: Load) -> None:
    """One task, one claim, one end; and the claim is HOT."""
    of_tasks = {name: each for name, each in load.written.items() if name not in APART and any(astuple(each))}
    assert {name: replace(written, hot=0) for name, written in of_tasks.items()} == {
        "tasks": Written(inserted=TASKS, updated=2 * TASKS, hot=0, deleted=0),
        "outbox": Written(inserted=TASKS, updated=0, hot=0, deleted=TASKS),
        "attempts": Written(inserted=TASKS, updated=0, hot=0, deleted=0),
    }, "rows written for each task are not: tasks 1 + 2 updates, outbox 1 and gone, attempts 1; look at the stores"
    hot = of_tasks["tasks"].hot / TASKS
    assert hot >= HOT_CLAIMS, f"{hot:.2f} of the claims were HOT, at least {HOT_CLAIMS} ought to be; {HOT_HINT}"


def shown(load: Load) -> str:
    """The statements that ran most often."""
    most = sorted(load.statements, key=lambda one: -one.calls)[:8]
    return "; ".join(f"{one.calls / TASKS:.3f} {one.role}: {' '.join(one.query.split())[:60]}" for one in most)
