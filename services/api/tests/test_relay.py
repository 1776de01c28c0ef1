"""The relay over a real database and a real queue."""

import asyncio
import json
import os
import signal
import sys
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest
from waybill_api.queue import QueueUnavailable, open_queue
from waybill_api.relay import loop
from waybill_api.relay.loop import Relay, backoff_seconds, open_relay
from waybill_api.relay.publish import publish_due, publish_handed
from waybill_api.relay.rescue import Reconciler, reap
from waybill_api.relay.settings import RelaySettings
from waybill_api.store.outbox import Outbox, OutboxRow
from waybill_api.store.rescue import Rescue
from waybill_contracts import TaskRequested, decode
from waybill_runtime.database import open_pool

pytestmark = pytest.mark.store


class Rows:
    """Tasks and outbox rows, made and read as the schema's owner."""

    def __init__(self, connection):
        self.connection = connection

    async def add(self, count=1, outbox=True, **columns):
        ids = [uuid4() for _ in range(count)]
        row = {"kind": "note.process", "payload_version": 1, "title": "t", "payload": "{}", **columns}
        marks = "".join(f", ${position}" for position in range(2, len(row) + 2))
        await self.connection.execute(
            f"INSERT INTO tasks (id, {', '.join(row)}) SELECT id{marks} FROM unnest($1::uuid[]) AS id",
            ids, *row.values(),
        )  # fmt: skip
        if outbox:
            await self.connection.execute(
                "INSERT INTO outbox (task_id, dispatch, reason) SELECT id, 1, 'accept' FROM unnest($1::uuid[]) AS id",
                ids,
            )
        return ids

    async def kept(self, count):
        """Accepted, and for the accepting process alone to send."""
        ids = await self.add(count)
        await self.connection.execute(
            "UPDATE outbox SET available_at = clock_timestamp() + interval '90 s' WHERE task_id = ANY ($1)", ids
        )
        return [OutboxRow(one, "default", 1, "accept", datetime.now(UTC), "note.process", 1, None) for one in ids]

    async def processing(self, count=1, lease="-1 second", **columns):
        ids = await self.add(count, outbox=False, **columns)
        await self.connection.execute(
            "UPDATE tasks SET status = 'processing', fence = fence + 1, attempt = attempt + 1, max_attempts = 8,"
            " worker = 'gone:1', claimed_at = now(), lease_until = clock_timestamp() + $2::text::interval"
            " WHERE id = ANY ($1)", ids, lease,
        )  # fmt: skip
        return ids

    async def age(self, interval):
        await self.connection.execute(f"UPDATE tasks SET available_at = available_at - interval '{interval}'")

    async def values(self, query, *arguments):
        return [row[0] if len(row) == 1 else tuple(row) for row in await self.connection.fetch(query, *arguments)]

    async def waiting(self):
        return await self.connection.fetchval("SELECT count(*) FROM outbox")


@pytest.fixture
async def rows(database):
    return Rows(await database.connect("postgres"))


@pytest.fixture
async def pool(database):
    async with open_pool(database.url("waybill_relay"), 4, "test") as pool:
        yield pool


@pytest.fixture
async def queue(queues):
    async with open_queue(queues.url) as queue:
        yield queue


@pytest.fixture
async def received(sqs, queues):
    """Takes every message that is in the queue now, and deletes it."""

    async def take():
        bodies = []
        while messages := (await sqs.receive_message(QueueUrl=queues.url, MaxNumberOfMessages=10)).get("Messages"):
            bodies += [message["Body"] for message in messages]
            for message in messages:
                await sqs.delete_message(QueueUrl=queues.url, ReceiptHandle=message["ReceiptHandle"])
        return bodies

    return take


class RefusingQueue:
    """Refuses the messages at these positions, or everything."""

    def __init__(self, *refused, away=False):
        self.refused, self.away, self.sent = set(refused), away, []

    async def send(self, bodies):
        if self.away:
            raise QueueUnavailable("away")
        self.sent += [body for position, body in enumerate(bodies) if position not in self.refused]
        return self.refused


async def test_a_due_row_becomes_a_message_that_names_its_task(rows, pool, queue, received):
    traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    [task_id] = await rows.add(traceparent=traceparent)
    assert await publish_due(Outbox(pool), queue) == 1
    [body] = await received()
    message = decode(body)
    assert isinstance(message, TaskRequested)
    assert (message.data.task_id, message.data.kind, message.data.dispatch) == (task_id, "note.process", 1)
    assert (message.id, message.traceparent) == (f"{task_id}/1", traceparent)
    assert await rows.waiting() == 0


async def test_a_row_stays_until_its_time(rows, pool, queue, received):
    await rows.add()
    await rows.connection.execute("UPDATE outbox SET available_at = now() + interval '90 s'")
    assert await publish_due(Outbox(pool), queue) == 0
    assert await received() == []
    assert 80 < await Outbox(pool).next_due_seconds() <= 90


async def test_the_row_of_a_finished_task_goes_without_a_message(rows, pool, queue, received):
    await rows.add()
    await rows.connection.execute("UPDATE tasks SET status = 'cancelled', finished_at = now()")
    await publish_due(Outbox(pool), queue)
    assert (await received(), await rows.waiting()) == ([], 0)


async def test_what_the_queue_refused_is_put_back_under_the_same_identity(rows, pool):
    await rows.add(3)
    before = await rows.values("SELECT task_id, dispatch, written_at FROM outbox")
    queue = RefusingQueue(1)
    assert await publish_due(Outbox(pool), queue) == 3
    [left] = await rows.values("SELECT task_id, dispatch, written_at FROM outbox WHERE available_at > now()")
    assert left in before
    assert len(queue.sent) == 2


async def test_when_the_queue_is_away_nothing_changes(rows, pool):
    await rows.add(3)
    with pytest.raises(QueueUnavailable):
        await publish_due(Outbox(pool), RefusingQueue(away=True))
    assert await rows.values("SELECT dispatch FROM outbox WHERE available_at <= now()") == [1, 1, 1]


async def test_relays_side_by_side_share_the_rows_and_send_none_twice(rows, pool, queue, received):
    ids = await rows.add(450)
    while sum(await asyncio.gather(*(publish_due(Outbox(pool), queue) for _ in range(3)))):
        pass
    sent = [decode(body).data.task_id for body in await received()]
    assert sorted(sent) == sorted(ids)


async def test_the_versions_that_were_published_are_noted(rows, pool, queue):
    await rows.add()
    await rows.add(kind="webhook.deliver", payload_version=2)
    await publish_due(Outbox(pool), queue)
    noted = await rows.values("SELECT kind, payload_version FROM published_versions ORDER BY 1")
    assert noted == [("note.process", 1), ("webhook.deliver", 2)]


async def test_a_lease_that_ran_out_puts_its_task_back_at_once_the_first_time(rows, pool):
    [task_id] = await rows.processing()
    [alive] = await rows.processing(lease="1 minute")
    assert await reap(Rescue(pool)) == 1
    query = "SELECT status, attempt, fence, dispatch, error->>'code' FROM tasks WHERE id = $1"
    assert await rows.values(query, task_id) == [("pending", 1, 1, 2, "lease_lost")]
    assert await rows.values("SELECT outcome, worker FROM attempts") == [("lost", "gone:1")]
    assert await rows.values("SELECT task_id, reason FROM outbox WHERE available_at <= now()") == [(task_id, "reap")]
    assert await rows.values("SELECT status FROM tasks WHERE id = $1", alive) == ["processing"]


async def test_a_task_that_keeps_losing_its_lease_waits_longer_each_time(rows, pool):
    await rows.processing(40, attempt=5, fence=5)
    await reap(Rescue(pool))
    waits = await rows.values("SELECT extract(epoch FROM available_at - now())::float8 FROM outbox")
    assert max(waits) <= 2 * 2**6 + 1
    assert max(waits) > 20


async def test_a_lease_lost_with_no_attempt_left_fails_the_task(rows, pool):
    await rows.processing(attempt=7, fence=7)
    await reap(Rescue(pool))
    assert await rows.values("SELECT status, error->>'code' FROM tasks") == [("failed", "lease_lost")]
    assert await rows.waiting() == 0


async def test_a_lease_lost_after_a_cancel_was_requested_cancels_the_task(rows, pool):
    await rows.processing()
    await rows.connection.execute("UPDATE tasks SET cancel_requested_at = now()")
    await reap(Rescue(pool))
    assert await rows.values("SELECT status FROM tasks") == ["cancelled"]


async def test_reapers_side_by_side_put_each_task_back_once_beyond_one_batch(rows, pool):
    await rows.processing(250)
    rescue = Rescue(pool)

    async def reap_in_small_batches():
        total = 0
        while reaped := await rescue.reap(20):
            total += len(reaped)
        return total

    assert sum(await asyncio.gather(*(reap_in_small_batches() for _ in range(3)))) == 250
    assert await rows.values("SELECT count(*) FROM attempts") == [250]


async def test_tasks_whose_messages_are_gone_are_put_back_once_two_readings_agree(rows, pool, queue):
    await rows.add(3, outbox=False)
    await rows.age("10 s")
    reconciler = Reconciler(Rescue(pool), queue, grace_seconds=1)
    assert [await reconciler.look() for _ in range(4)] == [0, 3, 0, 0]
    assert await rows.values("SELECT DISTINCT reason, dispatch FROM outbox") == [("reconcile", 2)]


async def test_a_task_younger_than_the_grace_is_left_alone(rows, pool, queue):
    await rows.add(3, outbox=False)
    reconciler = Reconciler(Rescue(pool), queue, grace_seconds=60)
    assert [await reconciler.look() for _ in range(3)] == [0, 0, 0]


async def test_a_backlog_is_never_published_twice(rows, pool, queue):
    await rows.add(150)
    outbox, rescue = Outbox(pool), Rescue(pool)
    while await publish_due(outbox, queue):
        pass
    await rows.age("1 hour")
    reconciler = Reconciler(rescue, queue, grace_seconds=0.001)
    assert await rescue.count_expected() == await queue.depth() == 150
    assert [await reconciler.look() for _ in range(10)] == [0] * 10


async def test_only_what_the_queue_lacks_is_put_back_and_the_oldest_first(rows, pool, queue):
    await rows.add(5)
    await publish_due(Outbox(pool), queue)
    older, newer = (f"01900000-0000-7000-8000-00000000000{n}" for n in (1, 2))
    for task_id in (newer, older):
        await rows.connection.execute(
            "INSERT INTO tasks (id, kind, payload_version, title, payload) VALUES ($1, 'note.process', 1, 't', '{}')",
            task_id,
        )
    await rows.age("10 s")
    depth = await queue.depth()
    assert await Rescue(pool).reconcile(depth + 1, at_most=10, grace_seconds=1) == 1
    assert [str(task_id) for task_id in await rows.values("SELECT task_id FROM outbox")] == [older]


async def test_the_grace_grows_with_each_time_a_task_is_put_back(rows, pool):
    await rows.add(outbox=False)
    await rows.age("1 hour")
    rescue = Rescue(pool)

    async def put_back():
        await rows.connection.execute("DELETE FROM outbox")
        return await rescue.reconcile(0, at_most=10, grace_seconds=100)

    async def age_the_last_time(seconds):
        await rows.connection.execute(f"UPDATE tasks SET reconciled_at = now() - interval '{seconds} s'")

    assert [await put_back(), await put_back()] == [1, 0]
    await age_the_last_time(190)
    assert await put_back() == 0
    await age_the_last_time(210)
    assert [await put_back(), await put_back()] == [1, 0]
    await age_the_last_time(390)
    assert await put_back() == 0


async def test_relays_that_see_the_same_gap_fill_it_once(rows, pool):
    await rows.add(20, outbox=False)
    await rows.age("1 hour")
    rescue = Rescue(pool)
    filled = await asyncio.gather(*(rescue.reconcile(0, at_most=20, grace_seconds=1) for _ in range(4)))
    assert sum(filled) == 20


@pytest.fixture
def open_one(database, queues):
    @asynccontextmanager
    async def opened(**changes):
        settings = RelaySettings(relay_database_url=database.url("waybill_relay"), queue_url=queues.url)
        fields = {name: getattr(settings, name) for name in settings.__struct_fields__}
        async with open_relay(RelaySettings(**{**fields, **changes})) as relay:
            yield relay

    return opened


async def test_what_an_accept_hands_over_is_sent_although_its_row_is_not_due(rows, open_one, queue, until):
    async with open_one(relay_poll_seconds=600) as relay:
        await until(relay_idle(relay))
        relay.hand_over(await rows.kept(3))
        await until(lambda: depth_is(queue, 3))
        await until(lambda: no_row_waits(rows))


async def test_what_was_handed_over_and_not_sent_is_sent_once_it_is_due(rows, open_one, queue, queues, sqs, until):
    handed = await rows.kept(3)
    nowhere = queues.url + "-nowhere"
    async with open_one(relay_poll_seconds=0.05, queue_url=nowhere) as relay:
        relay.hand_over(handed)
        await until(lambda: "queue" in relay.degraded)
    assert await rows.waiting() == 3
    await rows.connection.execute("UPDATE outbox SET available_at = clock_timestamp()")
    async with open_one(relay_poll_seconds=0.05):
        await until(lambda: depth_is(queue, 3))


async def test_the_next_dispatch_of_a_task_outlives_the_deletion_of_the_one_before(rows, pool, queue):
    [retried, other] = handed = await rows.kept(2)
    await rows.connection.execute(
        "UPDATE outbox SET dispatch = 2, reason = 'retry' WHERE task_id = $1", retried.task_id
    )
    await publish_handed(Outbox(pool), queue, handed)
    assert await rows.values("SELECT task_id, dispatch FROM outbox") == [(retried.task_id, 2)]
    assert other.dispatch == 1


async def test_a_handed_message_that_sqs_refused_keeps_its_row(rows, pool):
    handed = await rows.kept(3)
    queue = RefusingQueue(1)
    await publish_handed(Outbox(pool), queue, handed)
    assert len(queue.sent) == 2
    assert await rows.values("SELECT task_id FROM outbox") == [handed[1].task_id]


async def test_more_than_a_relay_remembers_is_left_to_the_outbox(rows, open_one, queue, until, monkeypatch):
    monkeypatch.setattr(loop, "MOST_HANDED", 2)
    async with open_one(relay_poll_seconds=0.05) as relay:
        for handed in (await rows.kept(2), await rows.kept(3)):
            relay.hand_over(handed)
        await until(lambda: depth_is(queue, 2))
        await rows.connection.execute("UPDATE outbox SET available_at = clock_timestamp()")
        await until(lambda: depth_is(queue, 5))


async def test_a_row_of_another_process_is_seen_by_the_poll(rows, open_one, queue, until):
    async with open_one(relay_poll_seconds=0.05):
        await rows.add()
        await until(lambda: depth_is(queue, 1))


async def test_a_delayed_row_is_sent_when_its_time_comes(rows, open_one, queue, until):
    await rows.add()
    await rows.connection.execute("UPDATE outbox SET available_at = clock_timestamp() + interval '0.3 s'")
    async with open_one(relay_poll_seconds=600):
        await until(lambda: depth_is(queue, 1))


async def test_a_relay_says_that_its_queue_is_away_and_recovers(rows, open_one, queues, sqs, until):
    name = queues.url.rsplit("/", 1)[1]
    await sqs.delete_queue(QueueUrl=queues.url)
    await rows.add(3)
    async with open_one(relay_poll_seconds=0.05) as relay:
        await until(lambda: relay.degraded == {"queue"})
        assert await rows.waiting() == 3
        await sqs.create_queue(QueueName=name)
        await until(lambda: not relay.degraded, within_seconds=15)
        await until(lambda: no_row_waits(rows))


def relay_idle(relay):
    return lambda: not relay._due.is_set()


async def depth_is(queue, count):
    return await queue.depth() == count


async def no_row_waits(rows):
    return await rows.waiting() == 0


def test_the_backoff_doubles_to_five_seconds():
    assert 0.05 <= backoff_seconds(1) <= 0.1
    assert 2.5 <= backoff_seconds(100) <= 5.0


async def test_the_command_publishes_until_it_is_told_to_stop(rows, database, queues, queue, until):
    environment = {
        **os.environ,
        "WAYBILL_RELAY_DATABASE_URL": database.url("waybill_relay"),
        "WAYBILL_QUEUE_URL": queues.url,
    }
    await rows.add(12)
    command = Path(sys.executable).parent / "waybill-relay"
    process = await asyncio.create_subprocess_exec(command, env=environment, stderr=asyncio.subprocess.PIPE)
    await until(lambda: depth_is(queue, 12), within_seconds=15)
    process.send_signal(signal.SIGTERM)
    _, log = await asyncio.wait_for(process.communicate(), 10)
    assert process.returncode == 0
    assert {json.loads(line)["event"] for line in log.splitlines()} >= {"relay.started", "relay.published"}


async def test_the_command_names_a_missing_setting_in_one_line():
    command = Path(sys.executable).parent / "waybill-relay"
    process = await asyncio.create_subprocess_exec(command, env={}, stderr=asyncio.subprocess.PIPE)
    _, said = await process.communicate()
    assert process.returncode == 78
    assert said.decode().count("\n") == 1
    assert "WAYBILL_QUEUE_URL" in said.decode()


class CountingOutbox(Outbox):
    """Counts how often it is asked."""

    asked = 0

    async def next_due_seconds(self):
        self.asked += 1
        return await super().next_due_seconds()


async def test_a_relay_does_not_spin_while_another_holds_the_due_rows(rows, pool, queues, queue):
    await rows.add(3)
    outbox = CountingOutbox(pool)
    settings = RelaySettings(relay_database_url="postgresql://unused", queue_url=queues.url)
    async with Outbox(pool).take(10) as taken:
        assert len(taken.rows) == 3
        relay = Relay(outbox, Rescue(pool), queue, settings)
        running = asyncio.create_task(relay.run())
        await asyncio.sleep(0.5)
        relay.stop()
        await running
    assert outbox.asked <= 15


async def test_a_fault_that_nobody_foresaw_is_named_and_does_not_end_the_relay(rows, open_one, queue, until):
    await rows.connection.execute("ALTER TABLE published_versions ADD CONSTRAINT unforeseen CHECK (false)")
    await rows.add()
    async with open_one(relay_poll_seconds=0.05) as relay:
        await until(lambda: relay.degraded == {"publish"})
        await rows.connection.execute("ALTER TABLE published_versions DROP CONSTRAINT unforeseen")
        await until(lambda: no_row_waits(rows))
        await until(lambda: not relay.degraded)
