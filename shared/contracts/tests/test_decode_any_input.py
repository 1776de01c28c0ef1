"""Whatever comes out of the queue, `decode` returns: a message or a poison, after work that grows with the body alone.

What becomes of a message that was damaged on its way is the contract tests' seventh check.
"""

import sys

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from waybill_contracts import MAX_MESSAGE_BYTES, Poison, PoisonReason, TaskRequested, TaskRequestedData, decode

any_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)
KNOWN = {*TaskRequested.__struct_fields__, *TaskRequestedData.__struct_fields__}
unknown_fields = st.dictionaries(st.text().filter(lambda name: name not in KNOWN), any_json, max_size=2)
SMALLER = MAX_MESSAGE_BYTES // 8
FEW_LINES = 200
quick = settings(max_examples=150, deadline=2000, suppress_health_check=[HealthCheck.function_scoped_fixture])


@given(st.binary() | st.text(st.characters(categories=None)) | any_json.map(msgspec.json.encode))
@quick
def test_any_body_is_read_or_refused(body):
    assert_storable(decode(body))


@given(st.data())
@quick
def test_unknown_fields_with_any_json_change_nothing(writable_messages, data):
    message = data.draw(writable_messages)
    document = msgspec.to_builtins(message)
    document |= data.draw(unknown_fields)
    document["data"] |= data.draw(unknown_fields)
    assert decode(msgspec.json.encode(document)) == message


@pytest.mark.parametrize(
    "unit", [b"[", b'{"":', b'"', b"\\", b'"\\', b'\\"', b"\xff", b'"\xff', b"[]", b"1", b"-", b'{"a":1,']
)
def test_the_worst_bodies_of_64_kib_are_refused_after_bounded_work(unit):
    # What the regular expression does between two lines is not counted: if it backtracked, this would never end.
    smaller, whole = (
        lines_run(lambda size=size: decode((unit * size)[:size])) for size in (SMALLER, MAX_MESSAGE_BYTES)
    )
    assert whole <= FEW_LINES + smaller * MAX_MESSAGE_BYTES / SMALLER


def lines_run(function):
    """How many lines of Python a call runs."""
    count = 0

    def note(_frame, _event, _argument):
        nonlocal count
        count += 1
        return note

    before = sys.gettrace()
    sys.settrace(note)
    try:
        read = function()
    finally:
        sys.settrace(before)
    assert isinstance(read, Poison)
    return count


def assert_storable(read):
    """A poison's detail goes into a `text` column and a log line."""
    assert isinstance(read, TaskRequested | Poison)
    if isinstance(read, Poison):
        assert read.reason in list(PoisonReason)
        assert "\x00" not in read.detail
        assert len(read.detail.encode()) <= 1000
