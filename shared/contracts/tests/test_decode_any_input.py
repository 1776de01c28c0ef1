"""Whatever comes out of the queue, `decode` returns: a message or a poison, and soon."""

import time

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from waybill_contracts import MAX_MESSAGE_BYTES, Poison, PoisonReason, TaskRequested, decode, encode

any_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)
quick = settings(max_examples=150, deadline=2000, suppress_health_check=[HealthCheck.function_scoped_fixture])


@given(st.binary() | st.text(st.characters(categories=None)) | any_json.map(msgspec.json.encode))
@quick
def test_any_body_is_read_or_refused(body):
    assert_storable(decode(body))


@given(st.data())
@quick
def test_a_damaged_message_is_read_or_refused(writable_messages, data):
    raw = bytearray(encode(data.draw(writable_messages)))
    match data.draw(st.sampled_from(["truncate", "flip", "splice", "repeat"])):
        case "truncate":
            del raw[data.draw(st.integers(0, len(raw) - 1)) :]
        case "flip":
            for _ in range(data.draw(st.integers(1, 4))):
                raw[data.draw(st.integers(0, len(raw) - 1))] ^= 1 << data.draw(st.integers(0, 7))
        case "splice":
            position = data.draw(st.integers(0, len(raw)))
            raw[position:position] = data.draw(st.binary(max_size=20))
        case "repeat":
            start = data.draw(st.integers(0, len(raw)))
            raw += raw[start:]
    assert_storable(decode(bytes(raw)))


@given(st.data())
@quick
def test_a_message_with_one_value_swapped_for_any_json_is_read_or_refused(writable_messages, data):
    document = msgspec.to_builtins(data.draw(writable_messages))
    place = data.draw(st.sampled_from([document, document["data"]]))
    place[data.draw(st.sampled_from(sorted(place)))] = data.draw(any_json)
    assert_storable(decode(msgspec.json.encode(document)))


@given(st.data())
@quick
def test_unknown_fields_with_any_json_change_nothing(writable_messages, data):
    message = data.draw(writable_messages)
    document = msgspec.to_builtins(message)
    known = {*TaskRequested.__struct_fields__, *document["data"]}
    fresh = st.text().filter(lambda name: name not in known)
    document |= data.draw(st.dictionaries(fresh, any_json, max_size=2))
    document["data"] |= data.draw(st.dictionaries(fresh, any_json, max_size=2))
    assert decode(msgspec.json.encode(document)) == message


@pytest.mark.parametrize(
    "unit", [b"[", b'{"":', b'"', b"\\", b'"\\', b'\\"', b"\xff", b'"\xff', b"[]", b"1", b"-", b'{"a":1,']
)
def test_the_worst_bodies_of_64_kib_are_refused_without_delay(unit):
    body = (unit * MAX_MESSAGE_BYTES)[:MAX_MESSAGE_BYTES]
    began = time.process_time()
    assert isinstance(decode(body), Poison)
    assert time.process_time() - began < 0.5  # some 5 ms; a search that backtracks would take minutes


def assert_storable(read):
    """A poison's detail goes into a `text` column and a log line."""
    assert isinstance(read, TaskRequested | Poison)
    if isinstance(read, Poison):
        assert read.reason in list(PoisonReason)
        assert "\x00" not in read.detail
        assert len(read.detail.encode()) <= 1000
