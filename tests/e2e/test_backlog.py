"""A backlog, however old, is not a loss: the reconciler must leave it alone."""

import uuid

import asyncpg
from waybill_api.store.tasks import TaskStore
from waybill_api.views import NewTask

from tests.stack.processes import Until
from tests.stack.stack import Stack

BACKLOG = 20_000
ACCEPTED_AT_ONCE = 500
GRACE_SECONDS = 1
GRACES = 10


async def accept_backlog(database_url: str) -> None:
    """As the API does when it is busy: full batches, the same statement."""
    async with asyncpg.create_pool(database_url, min_size=1, max_size=1, command_timeout=10) as pool:
        store = TaskStore(pool)
        for start in range(0, BACKLOG, ACCEPTED_AT_ONCE):
            await store.accept([waiting_task(start + number) for number in range(ACCEPTED_AT_ONCE)])


def waiting_task(number: int) -> NewTask:
    return NewTask(
        id=uuid.UUID(int=number + 1),
        kind="note.process",
        payload_version=1,
        title=f"task {number}",
        description=None,
        payload="{}",
        traceparent=None,
    )


async def test_twenty_thousand_waiting_tasks_get_no_second_message_over_ten_graces(stack: Stack, until: Until) -> None:
    await accept_backlog(stack.database_url("waybill_api"))
    stack.configure(reconcile_grace_seconds=GRACE_SECONDS)
    relay = await stack.start_relay()
    await until(lambda: stack.records.is_outbox_empty(), within_seconds=40)
    assert stack.sqs.depth().visible == BACKLOG

    # "Over ten graces" by the database's clock, from the moment when all of it was published.
    began = await stack.records.value("SELECT clock_timestamp()")
    over = f"SELECT clock_timestamp() > $1::timestamptz + interval '{GRACES * GRACE_SECONDS} seconds'"
    readings_before = len(relay.logged("relay.compared"))
    await until(lambda: stack.records.value(over, began), within_seconds=GRACES * GRACE_SECONDS + 10)

    # The first of them may have been under way when the last message was published.
    readings = relay.logged("relay.compared")[readings_before + 1 :]
    assert len(readings) >= 2 * GRACES
    assert {(reading["expected"], reading["depth"]) for reading in readings} == {(BACKLOG, BACKLOG)}
    assert stack.sqs.depth().visible == BACKLOG
    assert await stack.records.value("SELECT sum(reconcile_count) FROM tasks") == 0
    assert await stack.records.value("SELECT max(dispatch) FROM tasks") == 1
