"""Messages that are not what they should be: poison, duplicates, those of another version, those SQS gave up on."""

import json
import uuid
from typing import Any

import pytest
from waybill_contracts import PoisonReason
from waybill_dev.ministack import DEAD, create_queues, delete_queues
from waybill_dev.ministack.sqs import call

from tests.stack.processes import Until
from tests.stack.receiver import Receiver
from tests.stack.stack import Stack

WORKED_WITHIN_SECONDS = 5


def message(task_id: str, **changes: Any) -> dict[str, Any]:
    """A message as the relay writes it, but for the changes."""
    data = {"task_id": task_id, "kind": "note.process", "payload_version": 1, "dispatch": 1}
    return {
        "specversion": "1.0",
        "id": f"{task_id}/1",
        "source": "/waybill/relay",
        "type": "waybill.task.requested.v1",
        "subject": task_id,
        "time": "2026-01-01T00:00:00Z",
        "datacontenttype": "application/json",
        "data": data,
    } | changes


def poison(live_task_id: str) -> dict[str, str]:
    """A message body for each reason why nobody can process one."""
    task_id = str(uuid.uuid4())
    other_kind = {"task_id": live_task_id, "kind": "webhook.deliver", "payload_version": 1, "dispatch": 1}
    return {
        PoisonReason.NOT_JSON: "this is no JSON",
        PoisonReason.NOT_OBJECT: json.dumps(["a", "list"]),
        PoisonReason.TOO_LARGE: json.dumps({"filler": "x" * 70_000}),
        PoisonReason.TOO_DEEP: "[" * 40 + "]" * 40,
        PoisonReason.UNSUPPORTED_ENVELOPE: json.dumps({"Type": "Notification", "TopicArn": "arn", "Message": "{}"}),
        PoisonReason.UNKNOWN_TYPE: json.dumps(message(task_id, type="com.example.order.placed")),
        PoisonReason.INVALID_DATA: json.dumps(message(task_id, data={"task_id": task_id})),
        PoisonReason.KIND_MISMATCH: json.dumps(message(live_task_id, data=other_kind)),
    }


# A live task that has no message, for its time has not come.
FOR_LATER = """
WITH later AS (
    INSERT INTO tasks (id, kind, payload_version, title, payload, available_at)
    VALUES (gen_random_uuid(), 'note.process', 1, 'for later', '{}', now() + interval '1 hour')
    RETURNING id, available_at
), waiting AS (
    INSERT INTO outbox (task_id, dispatch, reason, available_at) SELECT id, 1, 'accept', available_at FROM later
)
SELECT id FROM later
"""


@pytest.mark.both_shells
async def test_poison_is_recorded_within_five_seconds_and_its_neighbours_complete(stack: Stack, until: Until) -> None:
    await stack.start_api()
    for_later = str(await stack.records.value(FOR_LATER))
    bodies = poison(for_later)
    task_ids = [await stack.api.submit("good, before")]
    for body in bodies.values():
        stack.send_message(body)
        task_ids.append(await stack.api.submit("good, between"))
    await until(lambda: len(stack.messages()) == len(bodies) + len(task_ids))

    await stack.start_processor()

    async def recorded() -> bool:
        return len(await stack.records.dead_letters()) == len(bodies)

    await until(recorded, WORKED_WITHIN_SECONDS)
    letters = {letter["reason"]: letter for letter in await stack.records.dead_letters()}
    assert {reason: letter["body"].decode() for reason, letter in letters.items()} == bodies
    assert {(letter["origin"], letter["receive_count"]) for letter in letters.values()} == {("queue", 1)}
    assert str(letters["kind_mismatch"]["task_id"]) == for_later
    await until(lambda: stack.records.each_completed_once(task_ids))
    assert await stack.api.status(for_later) == "pending"
    await until(stack.is_queue_empty)


@pytest.mark.parametrize("poison_first", [True, False])
async def test_a_message_that_names_another_kind_does_not_take_the_right_one_along(
    stack: Stack, until: Until, poison_first: bool
) -> None:
    stack.configure(relay="apart")
    await stack.start_api()
    task_id = await stack.api.submit("good")
    right = message(task_id)
    wrong = message(task_id, data=right["data"] | {"kind": "webhook.deliver"})
    for sent in (wrong, right) if poison_first else (right, wrong):
        stack.send_message(json.dumps(sent))
    await stack.start_processor()
    await until(lambda: stack.records.each_completed_once([task_id]))
    await until(stack.is_queue_empty)
    assert [letter["reason"] for letter in await stack.records.dead_letters()] in ([], ["kind_mismatch"])


async def test_a_message_of_a_future_version_stays_in_the_queue(stack: Stack, until: Until) -> None:
    [worker] = await stack.start()
    stack.send_message(json.dumps(message(str(uuid.uuid4()), type="waybill.task.requested.v2", data={"new": True})))
    await worker.until_logged("message.from_the_future")
    task_id = await stack.api.submit("of today")
    await until(lambda: stack.records.each_completed_once([task_id]))
    await until(lambda: [m.is_visible for m in stack.messages()] == [False])
    assert await stack.records.dead_letters() == []


async def test_an_unknown_task_is_poison_only_when_it_was_received_three_times(stack: Stack, until: Until) -> None:
    unknown, known_as_new = str(uuid.uuid4()), str(uuid.uuid4())
    stack.send_message(json.dumps(message(unknown)))
    # Handed out twice already, as it is after the two redeliveries, 30 s later.
    for _ in range(2):
        received = {"QueueUrl": stack.sqs.queue_url(), "VisibilityTimeout": 0}
        assert call(stack.sqs.endpoint, "ReceiveMessage", received)["Messages"]
    stack.send_message(json.dumps(message(known_as_new)))
    await stack.start()

    await until(stack.records.dead_letters)
    [letter] = await stack.records.dead_letters()
    assert (letter["reason"], str(letter["task_id"]), letter["receive_count"]) == ("unknown_task", unknown, 3)
    await until(lambda: [m.receive_count for m in stack.messages()] == [1])
    [waiting] = stack.messages()
    assert known_as_new in waiting.body


@pytest.mark.both_shells
async def test_a_message_delivered_eleven_times_is_one_completion(stack: Stack, until: Until) -> None:
    await stack.start_api()
    task_id = await stack.api.submit("once only")
    [original] = await until(stack.messages)
    for _ in range(5):
        stack.send_message(original.body)
    await stack.start_processor()
    await until(lambda: stack.records.all_completed(1))
    for _ in range(5):
        stack.send_message(original.body)
    await until(stack.is_queue_empty)
    assert await stack.records.each_completed_once([task_id])
    assert await stack.records.outcomes(task_id) == ["succeeded"]
    assert await stack.records.dead_letters() == []


@pytest.mark.both_shells
async def test_duplicates_that_come_while_the_task_is_worked_do_not_run_it_again(
    stack: Stack, receiver: Receiver, until: Until
) -> None:
    stack.configure(lease_seconds=2, heartbeat_seconds=0.5)
    stack.come_again_after(4)
    await stack.start_api()
    task_id = await stack.api.submit_webhook(receiver.hold("/once"))
    [original] = await until(stack.messages)
    await stack.start_processor()
    await until(lambda: receiver.hits["/once"] == 1)
    for _ in range(5):
        stack.send_message(original.body)
    await until(lambda: stack.sqs.depth().in_flight == 6)  # each was received, and hidden again
    receiver.release("/once")
    await until(lambda: stack.records.each_completed_once([task_id]))
    await until(stack.is_queue_empty, within_seconds=15)
    assert receiver.hits["/once"] == 1


async def test_what_falls_into_the_dead_letter_queue_is_recorded_and_its_task_still_finishes(
    stack: Stack, until: Until
) -> None:
    dead_letter_queue = stack.sqs.queue_url(DEAD)
    delete_queues(stack.sqs.endpoint)
    create_queues(stack.sqs.endpoint, max_receive_count=1)
    stack.configure(dead_letter_queue_url=dead_letter_queue, drain_dead_letters_seconds=0.5, reconcile_grace_seconds=1)
    await stack.start_api()
    task_id = await stack.api.submit("kept killing its processors")
    await until(stack.messages)

    async def moved() -> bool:
        received = {"QueueUrl": stack.sqs.queue_url(), "VisibilityTimeout": 0}
        call(stack.sqs.endpoint, "ReceiveMessage", received)
        return len(stack.messages(dead_letter_queue)) == 1

    await until(moved)
    stack.send_message("garbage", dead_letter_queue)
    await stack.start_processor()

    async def both_recorded() -> Any:
        letters = await stack.records.dead_letters()
        return len(letters) == 2 and {letter["reason"]: letter for letter in letters}

    letters = await until(both_recorded)
    assert {letter["origin"] for letter in letters.values()} == {"dead_letter_queue"}
    assert set(letters) == {"receive_limit", "not_json"}
    assert str(letters["receive_limit"]["task_id"]) == task_id
    await until(lambda: stack.messages(dead_letter_queue) == [])
    await until(lambda: stack.records.each_completed_once([task_id]), within_seconds=15)
