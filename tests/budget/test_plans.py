"""Plans made while the tables were empty must still be good when they are not: pages read for each row asked for.

PostgreSQL keeps the plan of a prepared statement as long as its connection, and a service starts before its tasks come.
A plan that reads a small table whole was the best one then, and reads all of it ever after. So each store's verb is run
once over empty tables, over a pool as the services open it; then a hundred thousand rows arrive, without an ANALYZE
that would have plans made anew; then the verb is run again for a few rows, and PostgreSQL says how many pages it read.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import pytest
from waybill_api.store.database import Database
from waybill_api.store.outbox import Outbox
from waybill_api.store.rescue import Rescue
from waybill_api.store.tasks import LAST_ID, TaskStore
from waybill_api.views import NewTask
from waybill_contracts import TaskStatus
from waybill_processor.store.claims import Asked, Claims, Readable
from waybill_processor.store.outcomes import Ended, Outcomes
from waybill_runtime.database import open_pool

from tests.budget.bounds import Overrun, assert_none, overrun
from tests.budget.counting import Counted

ROWS = 100_000
ASKED = 10
"""Rows asked for in each verb."""
PAGES = 40
"""For each row asked for: it is found over an index, and written to its table and indexes. Today up to 31."""
LIVE_PAGES = 8.0
"""For each live task of a look at all of them, its row, an index and the outbox; today up to 6."""
PLANS = (
    "the statement's plan (EXPLAIN (ANALYZE, BUFFERS) EXECUTE, prepared before there were rows): a join without LATERAL"
    " or ANY (ARRAY (...)), as in CLAIM, may read partitions whole"
)
LIVE = 100
"""Unfinished tasks beside those of a long history."""

ID = "(lpad(to_hex((extract(epoch FROM now()) * 1000)::bigint), 12, '0') || '70008000' || lpad(to_hex({n}), 12, '0'))"
INSERT = f"""
INSERT INTO tasks (id, kind, payload_version, title, payload, available_at, status, attempt, fence, max_attempts,
                   worker, claimed_at, started_at, lease_until, held_at, finished_at, result, cancel_requested_at)
SELECT {ID.format(n="n")}::uuid, 'note.process', 1, 'a task', '{{}}', now() - interval '1 hour', state,
       (state <> 'pending')::int, (state <> 'pending')::int, CASE WHEN state <> 'pending' THEN 8 END,
       CASE WHEN state = 'processing' THEN 'w' END, CASE WHEN state <> 'pending' THEN now() END,
       CASE WHEN state <> 'pending' THEN now() END,
       CASE WHEN state = 'processing' THEN now() + make_interval(secs => $4) END,
       CASE WHEN $5 THEN now() END, CASE WHEN state = 'completed' THEN now() END,
       CASE WHEN state = 'completed' THEN '{{}}'::jsonb END, CASE WHEN $6 THEN now() END
FROM generate_series($1::int, $2::int) AS n, (SELECT $3::text AS state) AS given
RETURNING id
"""
ANNOUNCE = """
INSERT INTO outbox (task_id, dispatch, reason, available_at)
SELECT id, 1, $2, now() + make_interval(secs => $3) FROM unnest($1::uuid[]) AS id
"""


class Filling:
    """Tasks in bulk, as the superuser."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self._next = 1

    async def tasks(
        self,
        number: int,
        state: str = "pending",
        lease_seconds: float = 3600.0,
        held: bool = False,
        cancel: bool = False,
    ) -> list[UUID]:
        """So many tasks in this state."""
        first, self._next = self._next, self._next + number
        rows = await self._connection.fetch(INSERT, first, self._next - 1, state, lease_seconds, held, cancel)
        return [row["id"] for row in rows]

    async def outbox(self, tasks: list[UUID], reason: str = "accept", due_seconds: float = -60.0) -> None:
        """An outbox row for each of these."""
        await self._connection.execute(ANNOUNCE, tasks, reason, due_seconds)


@dataclass(frozen=True)
class Stores:
    """Every store, each over one connection in its service's role."""

    tasks: TaskStore
    outbox: Outbox
    rescue: Rescue
    claims: Claims
    outcomes: Outcomes


@pytest.fixture
async def stores(database: Any) -> AsyncIterator[Stores]:
    async with AsyncExitStack() as stack:

        async def pool(role: str) -> Any:
            return await stack.enter_async_context(open_pool(database.url(role), 1, role, statement_seconds=60))

        api, relay, processor = [await pool(f"waybill_{name}") for name in ("api", "relay", "processor")]
        yield Stores(
            TaskStore(Database(api)),
            Outbox(relay),
            Rescue(relay),
            Claims(processor, lambda: "w", 45.0, [Readable("note.process", 1, 8)], "{}"),
            Outcomes(processor, lambda: "w"),
        )


Verb = Callable[[Stores, list[UUID]], Awaitable[Any]]


def new_task(task_id: UUID) -> NewTask:
    return NewTask(
        id=task_id, kind="note.process", payload_version=1, title="", description=None, payload="{}", traceparent=None
    )


def ended(ids: list[UUID]) -> list[Ended]:
    return [Ended(task_id, 1, result="{}", error="{}", delay_seconds=1.0) for task_id in ids]


async def take(stores: Stores, ids: list[UUID]) -> None:
    async with stores.outbox.take(len(ids)) as taken:
        if taken.rows:
            await taken.put_back(taken.rows, 1.0)
            await taken.note_versions("task.requested.v1", [("note.process", 1)])


VERBS: dict[str, Verb] = {
    "ACCEPT": lambda to, _: to.tasks.accept([new_task(uuid4()) for _ in range(ASKED)]),
    "FIND": lambda to, ids: to.tasks.find(ids[0]),
    "PAGES": lambda to, _: to.tasks.page(LAST_ID, ASKED, None, None),
    "PAGES of pending": lambda to, _: to.tasks.page(LAST_ID, ASKED, TaskStatus.PENDING, "note.process"),
    "TAKE, PUT_BACK, NOTE_VERSIONS": take,
    "NEXT_DUE": lambda to, _: to.outbox.next_due_seconds(),
    "CLAIM": lambda to, ids: to.claims.claim([Asked(task_id, "note.process", 1, 1) for task_id in ids]),
    "HOLD": lambda to, ids: to.claims.hold(ids),
    "UNHOLD": lambda to, _: to.claims.unhold(),
    "HEARTBEAT": lambda to, ids: to.claims.heartbeat([(task_id, 1) for task_id in ids]),
    "COMPLETE": lambda to, ids: to.outcomes.complete(ended(ids)),
    "RETRY": lambda to, ids: to.outcomes.retry(ended(ids)),
    "FAIL": lambda to, ids: to.outcomes.fail(ended(ids)),
    "RELEASE": lambda to, ids: to.outcomes.release(ended(ids)),
    "CANCEL": lambda to, ids: to.outcomes.cancel(ended(ids)),
}
RARE: dict[str, Verb] = {
    "REAP": lambda to, _: to.rescue.reap(500),
    "COUNT_EXPECTED": lambda to, _: to.rescue.count_expected(),
    "COUNT_EXPECTED, RECONCILE": lambda to, _: to.rescue.reconcile(-1, LIVE, 1.0),
}
PENDING = ("FIND", "CLAIM", "HOLD")
PROCESSING = ("HEARTBEAT", "COMPLETE", "RETRY", "FAIL", "RELEASE", "CANCEL")


@pytest.fixture(params=["empty", "small and analyzed"])
async def planned(request: Any, database: Any, stores: Stores) -> Any:
    """A filling, after every plan was made over tables like these."""
    owner = await database.connect("postgres")
    fill = Filling(owner)
    if request.param != "empty":
        await fill.outbox(await fill.tasks(20))
        await fill.tasks(20, "completed")
        await owner.execute("ANALYZE")
        await owner.execute("DELETE FROM outbox")
    for verb in {**VERBS, **RARE}.values():
        await verb(stores, [uuid4() for _ in range(ASKED)])
    return fill


async def too_many(
    counted: Counted, stores: Stores, bounds: dict[str, float], ids: dict[str, list[UUID]], per: int, of: str
) -> list[Overrun]:
    overruns: list[Overrun] = []
    for name, bound in bounds.items():
        await counted.forget()
        await {**VERBS, **RARE}[name](stores, ids.get(name, [LAST_ID] * ASKED))
        read = sum(statement.pages for statement in await counted.statements()) / per
        overruns += overrun(f"pages read by {name} for each {of}", read, bound, PLANS)
    return overruns


async def test_no_statement_reads_more_for_a_row_where_a_backlog_and_a_history_are(
    planned: Filling, stores: Stores, counted: Counted
):
    await planned.tasks(ROWS // 4, "completed")
    await planned.outbox(await planned.tasks(ROWS // 4 * 3))
    await planned.outbox(await planned.tasks(ASKED, held=True), "hold", 1000)
    ids = {name: await planned.tasks(ASKED) for name in PENDING}
    ids |= {name: await planned.tasks(ASKED, "processing", cancel=name == "CANCEL") for name in PROCESSING}
    assert_none(await too_many(counted, stores, dict.fromkeys(VERBS, PAGES), ids, ASKED, "row asked for"))


async def test_looks_at_all_live_tasks_read_each_a_bounded_number_of_times(
    planned: Filling, stores: Stores, counted: Counted
):
    live = ROWS // 4
    await planned.tasks(live)
    assert_none(await too_many(counted, stores, dict.fromkeys(RARE, LIVE_PAGES), {}, live, "live task"))


async def test_looks_at_all_live_tasks_read_nothing_that_is_finished(
    planned: Filling, stores: Stores, counted: Counted
):
    await planned.tasks(ROWS, "completed")
    await planned.tasks(LIVE)
    await planned.tasks(LIVE, "processing", lease_seconds=-1)
    assert_none(await too_many(counted, stores, dict.fromkeys(RARE, PAGES), {}, LIVE, "task put back"))


async def test_a_join_that_reads_a_table_whole_is_found(database: Any, stores: Stores, counted: Counted):
    """The guard itself: a statement as TAKE was once, with the plan that it then had."""
    await Filling(await database.connect("postgres")).tasks(ROWS // 4)
    relay = await database.connect("waybill_relay")
    await relay.execute("SET enable_indexscan = off; SET enable_bitmapscan = off; SET enable_indexonlyscan = off")
    await counted.forget()
    await relay.fetch("SELECT t.kind FROM tasks t JOIN unnest($1::uuid[]) AS a(id) ON t.id = a.id", [LAST_ID] * ASKED)
    read = sum(statement.pages for statement in await counted.statements()) / ASKED
    [line] = overrun("pages read by a join", read, PAGES, PLANS)
    assert line.startswith("pages read by a join: ")
    assert line.endswith(f"counted, at most {PAGES} are allowed; look at {PLANS}")
