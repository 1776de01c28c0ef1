"""Each field of the message, missing and wrong, one at a time; and fields that the reader does not know."""

import json

import msgspec
import pytest
from waybill_contracts import Poison, decode

ENVELOPE = ("specversion", "id", "source", "type", "subject", "time", "datacontenttype", "data")
DATA = ("task_id", "kind", "payload_version", "dispatch")
FIELDS = [(name,) for name in ENVELOPE] + [("data", name) for name in DATA]
TAKES_NO = {str: [7, True, 1.5, [], {}], int: ["1", 1.5, True, [], {}], dict: ["x", 7, True, 1.5, []]}

OUT_OF_BOUNDS = {
    ("id",): ["", "x" * 257],
    ("source",): ["", "x" * 257],
    ("subject",): ["", "x" * 65, "01890a5d-ac96-774b-bcce-b302099a8058"],
    ("time",): ["", "yesterday", "2026-01-02", "2026-01-02T03:04:05", "2026-13-02T03:04:05Z", "2026-12-31T23:59:60Z"],
    ("datacontenttype",): ["", "text/plain", "a\x00b"],
    ("traceparent",): ["x" * 129, 7, None],
    ("data", "task_id"): ["", "7", "01890a5d-ac96-774b-bcce-b302099a805g"],
    ("data", "kind"): ["", "note", "note.", ".process", "Note.process", "note.process\n", "a." + "b" * 63, "a.b.c"],
    ("data", "payload_version"): [0, -1, 32768, 2**63, 2**64, 2**70],
    ("data", "dispatch"): [0, -1, 2**31, 2**63, 2**70],
}


def name_of(case):
    return "-".join(map(str, case)) if isinstance(case, tuple) else repr(case)[:20]


@pytest.mark.parametrize("field", FIELDS, ids=name_of)
def test_a_missing_field_is_named(golden, field):
    document = changed(golden, field)
    assert_refused(decode(document), field)


@pytest.mark.parametrize("field", FIELDS, ids=name_of)
def test_a_null_field_is_named(golden, field):
    assert_refused(decode(changed(golden, field, None)), field)


@pytest.mark.parametrize("field", FIELDS, ids=name_of)
def test_a_field_of_another_type_is_named(golden, field):
    present = msgspec.to_builtins(golden)
    for part in field:
        present = present[part]
    for wrong in TAKES_NO[type(present)]:
        assert_refused(decode(changed(golden, field, wrong)), field)


@pytest.mark.parametrize(("field", "value"), [(f, v) for f, vs in OUT_OF_BOUNDS.items() for v in vs], ids=name_of)
def test_a_value_out_of_its_bounds_is_refused_and_the_field_is_named(golden, field, value):
    assert_refused(decode(changed(golden, field, value)), field)


@pytest.mark.parametrize("field", FIELDS, ids=name_of)
def test_the_detail_of_a_wrong_value_does_not_repeat_it(golden, field):
    secret = "s3cret\x00" * 100
    read = decode(changed(golden, field, secret))
    assert_refused(read, field)
    assert "\x00" not in read.detail  # PostgreSQL would refuse the dead letter
    assert field == ("type",) or "s3cret" not in read.detail


def test_only_the_traceparent_may_be_missing(golden):
    read = decode(changed(golden, ("traceparent",)))
    assert read.traceparent is msgspec.UNSET
    assert read.data == golden.data


@pytest.mark.parametrize("value", [None, 1, "x", [[[{}]]], {"a": {"b": [1, 1e300, 2**80]}}, "\x00", ""])
def test_unknown_fields_are_tolerated_anywhere(golden, value):
    for place in (("tracestate",), ("data", "priority"), ("",), ("data", "")):
        assert decode(changed(golden, place, value)) == golden


def test_the_order_of_the_fields_and_spaces_between_them_do_not_matter(golden):
    document = msgspec.to_builtins(golden)
    backwards = dict(reversed(document.items())) | {"data": dict(reversed(document["data"].items()))}
    assert decode(json.dumps(backwards, indent=4)) == golden


def changed(message, field, value=...):
    """The message as JSON text with one field set, or left out."""
    document = msgspec.to_builtins(message)
    *above, last = field
    inside = document
    for part in above:
        inside = inside[part]
    inside.pop(last, None)
    if value is not ...:
        inside[last] = value
    return json.dumps(document)


def assert_refused(read, field):
    assert isinstance(read, Poison), f"taken for a message: {read}"
    if field in (("specversion",), ("type",)):  # without these nobody can say whose message it is
        assert read.reason in ("unsupported_envelope", "unknown_type")
        return
    assert read.reason in ("invalid_data", "not_json")
    if read.reason == "invalid_data":
        assert field[-1] in read.detail
