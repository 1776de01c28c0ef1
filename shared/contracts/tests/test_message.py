"""The message as it is written: its bytes, its size, and what another reader of CloudEvents makes of it."""

from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID

from cloudevents.core.formats.json import JSONFormat
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from waybill_contracts import KIND_MAX_LENGTH, MAX_MESSAGE_BYTES, decode, encode, task_requested

GOLDEN = (
    b'{"specversion":"1.0","id":"01890a5d-ac96-774b-bcce-b302099a8057/3","source":"/waybill/relay",'
    b'"type":"waybill.task.requested.v1","subject":"01890a5d-ac96-774b-bcce-b302099a8057",'
    b'"time":"2026-01-02T03:04:05.678901Z","datacontenttype":"application/json",'
    b'"traceparent":"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",'
    b'"data":{"task_id":"01890a5d-ac96-774b-bcce-b302099a8057","kind":"note.process","payload_version":1,"dispatch":3}}'
)
from_fixture = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


def test_the_bytes_of_a_message_are_these_and_no_others(golden):
    assert encode(golden) == GOLDEN


def test_the_bytes_of_release_1_0_are_read_for_ever(golden):
    assert decode(GOLDEN) == golden


def test_without_a_trace_there_is_no_traceparent(golden):
    without = task_requested(golden.data.task_id, "note.process", 1, 3, golden.time, None)
    assert b"traceparent" not in encode(without)


@given(st.data())
@from_fixture
def test_every_message_that_a_relay_can_write_is_read_back_the_same(writable_messages, data):
    message = data.draw(writable_messages)
    assert decode(encode(message)) == message


@given(st.data())
@from_fixture
def test_an_independent_reader_of_cloudevents_sees_the_same_message(writable_messages, data):
    message = data.draw(writable_messages)
    event = JSONFormat().read(None, encode(message))
    assert (event.get_id(), event.get_source(), event.get_type()) == (message.id, message.source, message.type)
    assert event.get_specversion() == "1.0"
    assert event.get_subject() == str(message.data.task_id)
    assert event.get_time() == message.time
    assert event.get_datacontenttype() == "application/json"
    assert event.get_data() == {
        "task_id": str(message.data.task_id),
        "kind": message.data.kind,
        "payload_version": message.data.payload_version,
        "dispatch": message.data.dispatch,
    }


def test_the_time_is_sent_in_utc_whatever_the_zone_it_came_in():
    written_at = datetime(2026, 1, 2, 5, 4, 5, tzinfo=timezone(timedelta(hours=2)))
    message = task_requested(UUID(int=7), "note.process", 1, 1, written_at, None)
    assert b'"time":"2026-01-02T03:04:05Z"' in encode(message)
    assert message.time == written_at


def test_the_largest_message_that_can_be_written_is_far_below_the_limit():
    kind = "a." + "b" * (KIND_MAX_LENGTH - 2)
    latest = datetime.max.replace(tzinfo=UTC)
    # Six bytes for one character is the most that JSON takes: NUL and its like, escaped.
    largest = task_requested(UUID(int=2**128 - 1), kind, 32767, 2**31 - 1, latest, "\x01" * 128)
    assert decode(encode(largest)) == largest
    assert len(encode(largest)) < 2048 < MAX_MESSAGE_BYTES


def test_every_repeat_of_one_dispatch_has_the_same_id_and_the_next_dispatch_another(golden):
    def again(dispatch):
        return task_requested(golden.data.task_id, "note.process", 1, dispatch, datetime.now(UTC), None).id

    assert again(3) == again(3) == golden.id
    assert again(4) != golden.id
