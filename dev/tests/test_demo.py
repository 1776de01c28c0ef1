"""The demo's parts that need no services, and what it says where it cannot run."""

import urllib.error
import urllib.request
from typing import Any

import pytest
from waybill_dev.demo.event import Event, Events
from waybill_dev.demo.reading import happened, shells_of
from waybill_dev.demo.receiver import receiver
from waybill_dev.demo.screen import wrapped

ATTEMPT = {
    "fence": 1,
    "attempt": 1,
    "outcome": "retryable",
    "worker": "host:7",
    "error": {"message": "answered 500"},
    "started_at": 10.0,
    "finished_at": 10.5,
}


def row(**fields: Any) -> dict[str, Any]:
    """A task as it is read right after its accept, but for these fields."""
    accepted = {"dispatch": 1, "reason": "accept", "written_at": 9.0, "available_at": 9.0}
    task = {"id": "1", "kind": "note.process", "status": "pending", "attempt": 0, "max_attempts": None, "fence": 0}
    times = {"created_at": 9.0, "claimed_at": None, "lease_seconds": None, "finished_at": None}
    return {
        **task,
        **times,
        "worker": None,
        "result": None,
        "error": None,
        "outbox": accepted,
        "attempts": [],
        **fields,
    }


def claimed(**fields: Any) -> dict[str, Any]:
    of_claim = {"status": "processing", "attempt": 1, "max_attempts": 8, "fence": 1, "worker": "host:7"}
    return row(**of_claim, claimed_at=10.0, lease_seconds=45.0, outbox=None, **fields)


def what(events: Any) -> list[tuple[str, float]]:
    return [(event.what, event.at) for event in events]


def test_the_first_reading_of_a_task_tells_of_its_row_and_of_its_outbox_row():
    assert what(happened(None, row(), seen_at=9.1)) == [("task row", 9.0), ("outbox row", 9.0)]


def test_an_outbox_row_that_is_gone_was_sent_when_that_was_seen():
    assert what(happened(row(), row(outbox=None), seen_at=9.2)) == [("relay", 9.2)]


def test_a_claim_is_told_with_worker_fence_and_lease():
    (claim,) = happened(row(outbox=None), claimed(), seen_at=10.1)
    assert (claim.what, claim.at) == ("claim", 10.0)
    assert claim.text == "processing, fence 1, attempt 1 of 8, lease 45 s, by host:7"


def test_a_claim_between_two_readings_is_told_from_its_attempt_row():
    events = list(happened(row(outbox=None), row(outbox=None, fence=1, attempts=[ATTEMPT]), seen_at=11))
    assert what(events) == [("claim", 10.0), ("attempt row", 10.5)]
    assert "read off the attempt row" in events[0].text


def test_a_retry_tells_why_and_until_when_it_waits():
    retry = {"dispatch": 2, "reason": "retry", "written_at": 10.5, "available_at": 12.0}
    dispatch, attempt = happened(claimed(), row(fence=1, outbox=retry, attempts=[ATTEMPT]), seen_at=10.6)
    assert (dispatch.what, dispatch.text) == ("retry", "dispatch 2, reason retry, due in 1.50 s")
    assert dispatch.waits_until == 12.0
    assert (attempt.text, attempt.tone) == ("attempt 1 retryable after 500.0 ms: answered 500", "bad")


@pytest.mark.parametrize(
    ("workers", "shells"),
    [
        (["host-1:4711", "host-1:4711"], "worker process 4711 on host-1"),
        (["host-1:4711", "host-1:4712"], "worker process 4711 on host-1 and worker process 4712 on host-1"),
        (["processor/0f-1"], "Lambda function processor, request 0f-1"),
        (["processor/0f-1", "processor/0f-2"], "Lambda function processor, 2 requests"),
    ],
)
def test_workers_name_their_shells(workers: list[str], shells: str):
    assert shells_of(workers) == shells


def test_events_are_told_in_the_order_in_which_they_happened():
    events = Events()
    for at in (3.0, 1.0, 2.0):
        events.add(Event(at=at, source="SQS", what="message", text=""))
    told = [event.at for event in iter(lambda: events.take_first(before=2.5), None)]
    assert told == [1.0, 2.0]


@pytest.mark.parametrize("text", ["", "short", '{"a":1,"b":[2,3],"c":"four five"}', "x" * 50])
def test_a_text_in_lines_is_the_same_text(text: str):
    lines = wrapped(text, 12)
    assert "".join(lines) == text
    assert all(len(line) <= 12 for line in lines)


def test_the_receiver_answers_as_told_and_the_last_for_ever():
    told: list[Event] = []
    statuses: list[int] = []
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with receiver([500, 200], told.append) as url:
        for _ in range(3):
            try:
                with opener.open(url, data=b"{}") as answer:
                    statuses.append(answer.status)
            except urllib.error.HTTPError as error:
                statuses.append(error.code)
                error.close()
    assert statuses == [500, 200, 200]
    assert [event.tone for event in told] == ["bad", "good", "good"]


def test_without_a_stack_the_demo_says_how_to_start_one(stack):
    refused = stack.run("demo")
    assert refused.returncode == 3
    assert refused.stderr.splitlines() == ["waybill: not running: './justw up' starts it"]
    assert refused.stdout == ""


def test_an_api_that_answers_otherwise_is_one_line(running):
    refused = running.run("demo")  # the stand-in for the API takes no POST
    assert refused.returncode == 1
    assert refused.stderr.splitlines() == ["waybill: the API answered 501 to a task: './justw logs api' says why"]
