"""C9: the services' own code from submit to result: both shells, CloudEvents and the schemas read the same bytes."""

import json
from contextlib import AsyncExitStack
from itertools import cycle, islice
from types import SimpleNamespace

import msgspec
import pytest
from cloudevents.core.formats.json import JSONFormat
from jsonschema import Draft202012Validator
from waybill_api.accept import Acceptance
from waybill_api.document import decode_document
from waybill_api.queue import MessageQueue as RelaysQueue
from waybill_api.relay.publish import publish_due
from waybill_api.store.outbox import Outbox
from waybill_api.store.tasks import TaskStore
from waybill_api.submission import read_submission
from waybill_contracts import KINDS, ErrorCode, TaskError, TaskStatus, decode
from waybill_contracts.catalogue import catalogue
from waybill_processor.aws_lambda.records import read_records
from waybill_processor.batch import Batch
from waybill_processor.bootstrap import open_processor
from waybill_processor.delivery import Acknowledge
from waybill_processor.errors import Permanent
from waybill_processor.intake import asked_of
from waybill_processor.policy import RetryPolicy
from waybill_processor.queue import MessageQueue as WorkersQueue
from waybill_processor.registry import Handler, HandlerTable
from waybill_processor.settings import ProcessorSettings
from waybill_runtime.database import open_pool

from tests.contract.loopback import LoopbackSqs
from tests.contract.wheels import releases
from tools.contracts.history import History
from tools.contracts.samples import golden_samples

TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
TITLE = "Grüße 🚚 \"'\\ \u202e"
QUEUE_URL = "http://127.0.0.1/queue"
ALL_KINDS = [pytest.param(payload, id=f"{payload.kind}.v{payload.version}") for payload in KINDS]
NOTE = KINDS.find("note.process", 1)
RETIRED = [name for name in History.read().tombstones.contracts if name.startswith("payload.")]


class Handlers:
    """A handler for every kind: it notes what it was given, then returns what the test wants of it, or raises that."""

    def __init__(self):
        self.seen, self.answers = {}, {}
        self.table = HandlerTable(KINDS, *(Handler(payload, self.work, True, RetryPolicy()) for payload in KINDS))

    async def work(self, payload, task):
        self.seen[task.task_id] = payload, task
        answer = self.answers[task.task_id]
        if isinstance(answer, Exception):
            raise answer
        return answer


class Sides:
    """Both services on one database, each in its role, with nothing but a list between them."""

    def __init__(self, handlers, sqs, store, outbox, processor, owner):
        self.handlers, self.sqs, self.owner = handlers, sqs, owner
        self._store, self.accept = store, Acceptance(store, lambda rows: None).accept
        self._outbox, self._processor = outbox, processor

    async def submit(self, document, answer, traceparent=TRACE):
        """Accept a document as `POST /tasks` would; its handler will answer so."""
        task = read_submission(decode_document(json.dumps(document).encode()), traceparent)
        self.handlers.answers[task.id] = answer
        await self.accept(task)
        return task

    async def publish(self):
        """The deliveries of what is due, as the worker gets them, and as the function does."""
        await publish_due(self._outbox, RelaysQueue(self.sqs, QUEUE_URL))
        event = self.sqs.event()
        taken, queue = [], WorkersQueue(self.sqs, QUEUE_URL)
        while ten := await queue.receive(10, 0, 60):
            taken += ten
        return taken, read_records(event)

    async def work(self, deliveries):
        """Process deliveries, all to be acknowledged."""
        assert await self._processor.process(deliveries) == [Acknowledge()] * len(deliveries)

    async def shown(self, task):
        """The task as clients see it."""
        return await self._store.find(task.id)


@pytest.fixture
async def sides(database):
    """As they run, but for handlers and queue."""
    handlers, sqs = Handlers(), LoopbackSqs()
    settings = ProcessorSettings(database_url=database.url("waybill_processor"))
    async with AsyncExitStack() as stack:
        enter = stack.enter_async_context
        store = TaskStore(await enter(open_pool(database.url("waybill_api"), 2, "api")))
        outbox = Outbox(await enter(open_pool(database.url("waybill_relay"), 2, "relay")))
        processor = await enter(open_processor(settings, handlers.table, 1))
        yield Sides(handlers, sqs, store, outbox, processor, await database.connect("waybill_owner"))


def submissions(payload):
    """A document and a handler's result for each golden sample of a kind, whichever has more."""
    inputs = samples(f"payload.{payload.kind}.v{payload.version}")
    results = [msgspec.convert(one, payload.result) for one in samples(f"result.{payload.kind}.v{payload.version}")]
    count = max(len(inputs), len(results))
    for given, result in zip(islice(cycle(inputs), count), islice(cycle(results), count), strict=True):
        kind = {"kind": payload.kind, "payload_version": payload.version}
        yield {**kind, "title": TITLE, "description": "line\nline", "payload": given}, result


def samples(contract):
    return [json.loads(sample) for sample in golden_samples(catalogue()[contract]).values()]


async def submitted(sides, payload, traceparent=TRACE):
    """All submissions of a kind, accepted: tasks by id, each with what was asked."""
    made = {}
    for document, result in submissions(payload):
        task = await sides.submit(document, result, traceparent)
        made[task.id] = SimpleNamespace(task=task, document=document, result=result)
    return made


@pytest.mark.parametrize("payload", ALL_KINDS)
async def test_both_shells_get_the_same_commands_out_of_what_the_relay_sent(sides, payload):
    made = await submitted(sides, payload)
    workers, functions = await sides.publish()
    assert workers == functions
    assert len(workers) == len(made)
    commands = commands_of(workers)
    assert commands == commands_of(functions)
    asked = {(command.task_id, command.kind, command.payload_version, command.dispatch) for command in commands}
    assert asked == {(task_id, payload.kind, payload.version, 1) for task_id in made}


@pytest.mark.parametrize("traceparent", [TRACE, None], ids=["traced", "untraced"])
@pytest.mark.parametrize("payload", ALL_KINDS)
async def test_the_message_says_what_was_accepted_to_every_reader(sides, payload, traceparent):
    made = await submitted(sides, payload, traceparent)
    written_at = dict(await sides.owner.fetch("SELECT task_id, written_at FROM outbox"))
    for delivery in (await sides.publish())[0]:
        valid("task.requested.v1", delivery.body)
        message, event = decode(delivery.body), JSONFormat().read(None, delivery.body)
        task = made[message.data.task_id].task
        assert (message.time, message.subject) == (written_at[task.id], str(task.id))
        assert (message.traceparent or None) == traceparent
        assert (event.get_subject(), event.get_time()) == (str(task.id), written_at[task.id])
        assert event.get_data() == msgspec.to_builtins(message.data)
        assert event.get_extension("traceparent") == traceparent


@pytest.mark.parametrize("payload", ALL_KINDS)
async def test_a_handler_gets_what_was_submitted_and_clients_see_what_it_returned(sides, payload):
    made = await submitted(sides, payload)
    await sides.work((await sides.publish())[1])
    for task_id, one in made.items():
        given, context = sides.handlers.seen[task_id]
        assert same_json(given, msgspec.to_builtins(given) | one.document["payload"])
        assert (context.title, context.description, context.kind) == (TITLE, "line\nline", payload.kind)
        view = await sides.shown(one.task)
        assert (view.status, view.attempt, view.error) == (TaskStatus.COMPLETED, 1, None)
        assert same_json(view.result, one.result)
        assert same_json(view.payload, given)
        valid(f"payload.{payload.kind}.v{payload.version}", view.payload)
        valid(f"result.{payload.kind}.v{payload.version}", view.result)


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (Permanent("no such receiver: 'ü' \x00"), TaskStatus.FAILED, ErrorCode.PERMANENT),
        (OSError("away"), TaskStatus.PENDING, ErrorCode.HANDLER_ERROR),
    ],
    ids=["permanent", "retryable"],
)
async def test_clients_see_the_error_that_a_handler_ended_with(sides, error, status, code):
    task = await sides.submit({"title": TITLE}, error)
    await sides.work((await sides.publish())[0])
    view = await sides.shown(task)
    assert (view.status, view.attempt, view.result) == (status, 1, None)
    valid("error.v1", view.error)
    read = msgspec.json.decode(view.error, type=TaskError)
    assert (read.code, read.error_type) == (code, type(error).__name__)
    assert read.message == str(error).replace("\x00", "\ufffd")


async def test_the_relay_publishes_the_retry_that_the_processor_wrote_as_dispatch_2(sides):
    task = await sides.submit({"title": TITLE}, OSError("away"))
    await sides.work((await sides.publish())[0])
    sides.handlers.answers[task.id] = msgspec.convert(samples("result.note.process.v1")[0], NOTE.result)
    # The retry's time comes; the clock of the test does not wait for it.
    await sides.owner.execute("UPDATE tasks SET available_at = now()")
    await sides.owner.execute("UPDATE outbox SET available_at = now()")
    [worker], [function] = await sides.publish()
    assert worker == function
    valid("task.requested.v1", worker.body)
    message = decode(worker.body)
    assert (message.data.dispatch, message.id, message.traceparent) == (2, f"{task.id}/2", TRACE)
    await sides.work([function])
    view = await sides.shown(task)
    assert (view.status, view.attempt, view.error) == (TaskStatus.COMPLETED, 2, None)


async def test_a_stored_payload_that_no_longer_reads_fails_its_task_at_once(sides):
    task = await sides.submit({"title": TITLE}, None)
    await sides.owner.execute("UPDATE tasks SET payload = '{\"utc_offset_minutes\": 1e400}'")
    await sides.work((await sides.publish())[0])
    view = await sides.shown(task)
    assert (view.status, view.attempt, sides.handlers.seen) == (TaskStatus.FAILED, 1, {})
    assert msgspec.json.decode(view.error, type=TaskError).code == ErrorCode.PAYLOAD_INVALID


async def test_what_was_retired_or_is_yet_to_come_is_held_uncharged_and_in_view(sides):
    for contract in ("payload.letter.print.v1", *RETIRED):
        kind, version = contract.removeprefix("payload.").rsplit(".v", 1)
        task = read_submission({"title": TITLE}, None)
        await sides.accept(task := msgspec.structs.replace(task, kind=kind, payload_version=int(version)))
        await sides.work((await sides.publish())[0])
        view = await sides.shown(task)
        reason = f"no processor reads {kind} version {version} yet"
        assert (view.status, view.attempt, view.held.reason) == (TaskStatus.PENDING, 0, reason)


def commands_of(deliveries):
    """What the core asks the database for, for these deliveries."""

    async def tell_nobody(_delivery, _disposition):
        return

    return [asked_of(request.message) for request in Batch(deliveries, tell_nobody).requests.values()]


def valid(contract, text):
    """The document keeps what today's writer promises, and reads for those of every release that knows the contract."""
    views = [catalogue()[contract].writer(), *(one.readers[contract] for one in releases() if contract in one.readers)]
    document = json.loads(text if isinstance(text, str) else bytes(text))
    for schema in views:
        Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER).validate(document)


def same_json(one, other):
    """Whether two values are the same JSON; PostgreSQL gives `1e300` back with all its digits, as an integer."""
    first, second = (json.loads(msgspec.json.encode(value), parse_int=float) for value in (one, other))
    return first == second
