"""Bytes, documents and queries to values: pure, so tried with whatever hypothesis thinks of."""

from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from waybill_api.document import decode_document
from waybill_api.errors import ApiError, InvalidRequest, UnreadableBody
from waybill_api.query import make_cursor, read_query
from waybill_api.submission import explain, read_submission
from waybill_contracts import TaskStatus

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)
MEMBERS = st.sampled_from(["title", "description", "kind", "payload", "payload_version", "other"])
KINDS = st.sampled_from(["note.process", "webhook.deliver"])
ALMOST = st.dictionaries(MEMBERS, JSON | KINDS | st.just({"url": "http://a/"}), max_size=6)


@given(st.binary() | st.text().map(str.encode) | JSON.map(msgspec.json.encode))
def test_any_bytes_are_read_or_refused(raw):
    try:
        assert isinstance(decode_document(raw), dict)
    except UnreadableBody:
        return


@given(ALMOST)
def test_any_document_is_a_task_or_refused_with_a_field_and_a_rule(document):
    task, errors = None, ()
    try:
        task = read_submission(document, None)
    except InvalidRequest as refused:
        errors = refused.errors
    assert (task is None) == bool(errors)
    assert all(each.rule and each.detail and each.pointer is not msgspec.UNSET for each in errors)


@given(st.dictionaries(st.text().filter(lambda key: "\0" not in key), JSON, min_size=1))
def test_what_is_read_is_what_was_written(document):
    raw = msgspec.json.encode(document)
    refusal = ""
    try:
        assert msgspec.json.encode(decode_document(raw)) == raw
    except UnreadableBody as error:
        refusal = str(error)
    assert not refusal or "NUL" in refusal or "out of range" in refusal


@given(st.binary())
def test_any_query_is_read_or_refused(query_string):
    try:
        assert 1 <= read_query(query_string).limit <= 200
    except InvalidRequest:
        return


@given(st.uuids(), st.none() | st.sampled_from(TaskStatus), st.none() | st.just("note.process"))
def test_a_cursor_is_read_back_as_the_id_it_was_made_of(task_id, status, kind):
    filters = "".join(f"&{name}={value}" for name, value in (("status", status), ("kind", kind)) if value)
    query = read_query(filters.encode())
    assert read_query(f"cursor={make_cursor(task_id, query)}{filters}".encode()).before == UUID(str(task_id))


@pytest.mark.parametrize(
    ("complaint", "field", "pointer", "rule"),
    [
        ("Expected `str`, got `int` - at `$.title`", "payload.title", "/payload/title", "type"),
        ("Object missing required field `url` - at `$.a[0].b`", "payload.a[0].b.url", "/payload/a/0/b/url", "required"),
        ("Object missing required field `url`", "payload.url", "/payload/url", "required"),
        ("Expected `int` >= 1 - at `$[2]`", "payload[2]", "/payload/2", "minimum"),
        ("Invalid enum value 'x'", "payload", "/payload", "enum"),
        ("something new", "payload", "/payload", "invalid"),
    ],
)
def test_a_complaint_of_msgspec_becomes_field_pointer_and_rule(complaint, field, pointer, rule):
    error = explain(complaint, "payload")
    assert (error.field, error.pointer, error.rule) == (field, pointer, rule)


def test_every_error_of_the_tree_names_its_problem():
    names = [error.problem for error in _tree(ApiError)]
    assert len(names) == len(set(names))


def _tree(parent):
    for child in parent.__subclasses__():
        yield child
        yield from _tree(child)
