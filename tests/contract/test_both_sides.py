"""What one service writes, the other reads: the message, the stored payload, the result, the error."""

from contextlib import AsyncExitStack
from types import SimpleNamespace

import msgspec
import pytest
from cloudevents.core.formats.json import JSONFormat
from waybill_api.relay.publish import publish_due
from waybill_api.store.outbox import Outbox
from waybill_api.store.tasks import TaskStore
from waybill_api.submission import read_submission
from waybill_contracts import KINDS, ErrorCode, TaskError, TaskStatus, decode
from waybill_contracts.kinds.note_process import NoteProcessed, ProcessNote
from waybill_contracts.kinds.webhook_deliver import DeliverWebhook, WebhookDelivered
from waybill_processor.bootstrap import open_processor
from waybill_processor.context import TaskContext
from waybill_processor.delivery import Acknowledge, Delivery
from waybill_processor.errors import Permanent
from waybill_processor.registry import HandlerTable, handle
from waybill_processor.settings import ProcessorSettings
from waybill_runtime.database import open_pool

TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
BODIES = {
    "note.process": {"title": "Grüße 🚚 \"'\\", "description": "line\nline"},
    "webhook.deliver": {
        "kind": "webhook.deliver",
        "payload": {"url": "https://a.example/b?c", "body": {"n": [1.5, "ü"]}},
    },
}
RESULTS = {
    "note.process": NoteProcessed(message="Processed 🚚 \\ \" '"),
    "webhook.deliver": WebhookDelivered(status_code=204, duration_ms=12),
}


class RecordingQueue:
    """Takes every message, as SQS would."""

    def __init__(self):
        self.bodies = []

    async def send(self, bodies):
        self.bodies += bodies
        return set()


class Handlers:
    """Handlers that answer `RESULTS`, or raise; they note what they were given."""

    def __init__(self):
        self.seen, self.error = [], None

    async def note(self, payload: ProcessNote, task: TaskContext) -> NoteProcessed:
        return self._answer(payload, task)

    async def webhook(self, payload: DeliverWebhook, task: TaskContext) -> WebhookDelivered:
        return self._answer(payload, task)

    def _answer(self, payload, task):
        self.seen.append((payload, task))
        if self.error:
            raise self.error
        return RESULTS[task.kind]


@pytest.fixture
async def sides(database):
    """Both services on one database, each in its role, with nothing but a list between them."""
    handlers = Handlers()
    table = HandlerTable(KINDS, handle(handlers.note), handle(handlers.webhook))
    settings = ProcessorSettings(database_url=database.url("waybill_processor"))
    async with AsyncExitStack() as stack:
        enter = stack.enter_async_context
        yield SimpleNamespace(
            handlers=handlers,
            queue=RecordingQueue(),
            api=TaskStore(await enter(open_pool(database.url("waybill_api"), 2, "api"))),
            outbox=Outbox(await enter(open_pool(database.url("waybill_relay"), 2, "relay"))),
            processor=await enter(open_processor(settings, table, 1)),
            owner=await database.connect("waybill_owner"),
        )


async def submit(sides, body):
    task = read_submission(body, TRACE)
    await sides.api.accept([task])
    return task


async def publish(sides):
    """The body of the one message that is due."""
    assert await publish_due(sides.outbox, sides.queue) == 1
    return sides.queue.bodies[-1]


async def work(sides, body):
    delivery = Delivery(message_id="m", receipt_handle="r", body=body.decode(), receive_count=1, sent_at=None)
    assert await sides.processor.process([delivery]) == [Acknowledge()]


@pytest.mark.parametrize("kind", BODIES)
async def test_a_message_of_the_relay_is_read_as_the_task_that_was_accepted(sides, kind):
    task = await submit(sides, BODIES[kind])
    written_at = await sides.owner.fetchval("SELECT written_at FROM outbox")
    message = decode(await publish(sides))
    assert message.data == type(message.data)(task_id=task.id, kind=kind, payload_version=1, dispatch=1)
    assert (message.subject, message.traceparent) == (str(task.id), TRACE)
    assert message.time == written_at


async def test_an_independent_reader_of_cloudevents_takes_the_relays_message(sides):
    task = await submit(sides, BODIES["note.process"])
    event = JSONFormat().read(None, await publish(sides))
    assert (event.get_subject(), event.get_data()["task_id"]) == (str(task.id), str(task.id))


@pytest.mark.parametrize("kind", BODIES)
async def test_a_handler_gets_the_payload_that_the_api_stored_and_clients_see_its_result(sides, kind):
    task = await submit(sides, BODIES[kind])
    await work(sides, await publish(sides))
    [(payload, context)] = sides.handlers.seen
    assert payload == msgspec.json.decode(task.payload, type=KINDS.find(kind, 1))
    assert (context.title, context.description) == (task.title, task.description)
    view = await sides.api.find(task.id)
    assert (view.status, view.attempt, view.error) == (TaskStatus.COMPLETED, 1, None)
    assert msgspec.json.decode(view.result, type=type(RESULTS[kind])) == RESULTS[kind]
    assert msgspec.json.decode(view.payload, type=KINDS.find(kind, 1)) == payload


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (Permanent("no such receiver: 'ü' \x00"), TaskStatus.FAILED, ErrorCode.PERMANENT),
        (OSError("away"), TaskStatus.PENDING, ErrorCode.HANDLER_ERROR),
    ],
)
async def test_clients_see_the_error_that_a_handler_ended_with(sides, error, status, code):
    task = await submit(sides, BODIES["note.process"])
    sides.handlers.error = error
    await work(sides, await publish(sides))
    view = await sides.api.find(task.id)
    assert (view.status, view.attempt, view.result) == (status, 1, None)
    read = msgspec.json.decode(view.error, type=TaskError)
    assert (read.code, read.error_type) == (code, type(error).__name__)
    assert read.message == str(error).replace("\x00", "\ufffd")


async def test_the_relay_publishes_the_retry_that_the_processor_wrote(sides):
    task = await submit(sides, BODIES["note.process"])
    sides.handlers.error = OSError("away")
    await work(sides, await publish(sides))
    sides.handlers.error = None
    # The retry's time comes; the clock of the test does not wait for it.
    await sides.owner.execute("UPDATE tasks SET available_at = now()")
    await sides.owner.execute("UPDATE outbox SET available_at = now()")
    body = await publish(sides)
    assert decode(body).data.dispatch == 2
    await work(sides, body)
    view = await sides.api.find(task.id)
    assert (view.status, view.attempt, view.error) == (TaskStatus.COMPLETED, 2, None)


async def test_a_stored_payload_that_no_longer_reads_fails_its_task_at_once(sides):
    task = await submit(sides, BODIES["webhook.deliver"])
    await sides.owner.execute("UPDATE tasks SET payload = '{\"url\": 1e400}'")
    await work(sides, await publish(sides))
    view = await sides.api.find(task.id)
    assert (view.status, view.attempt, sides.handlers.seen) == (TaskStatus.FAILED, 1, [])
    assert msgspec.json.decode(view.error, type=TaskError).code == ErrorCode.PAYLOAD_INVALID
