"""C10: the largest message that a writer can make is within every reader's limit, by the bounds of its schema."""

import msgspec
import pytest
from waybill_api.body import MAX_BODY_BYTES
from waybill_api.queue import SQS_BATCH
from waybill_api.store.tasks import PAGE_BYTES
from waybill_api.submission import MAX_PAYLOAD_BYTES
from waybill_api.views import DESCRIPTION_MAX_LENGTH, TITLE_MAX_LENGTH
from waybill_contracts import MAX_MESSAGE_BYTES, TaskError, decode, encode
from waybill_contracts.catalogue import catalogue
from waybill_processor.execution import MAX_RESULT_BYTES
from waybill_processor.policy import MAX_MESSAGE_CHARACTERS, storable

from tests.contract.wheels import different_writers, old_side, releases
from tools.contracts.samples import golden_samples

ESCAPED = 6
"""Bytes of a character at most: a control character as `\\u0001`. Others stand for themselves, in 4 bytes at most."""
UTF8 = 4
SQS_BYTES = 1024 * 1024
"""A message, and a batch of ten messages, at most."""
FORMATS = {"uuid": 36, "date-time": 32}
MESSAGES = {name: contract for name, contract in catalogue().items() if name.startswith("task.requested.")}
TODAYS = [f"{name} of today" for name in MESSAGES]
EVERY_WRITER = different_writers(MESSAGES)


class Unbounded(Exception):
    """A schema sets no bound where one is needed; the message is the path."""


def largest(schema, defs, path="$"):
    """The bytes of the largest JSON that a closed schema allows, without white space. Raises `Unbounded`."""
    if "$ref" in schema:
        return largest(defs[schema["$ref"].rpartition("/")[2]], defs, path)
    if "anyOf" in schema:
        return max(largest(branch, defs, path) for branch in schema["anyOf"])
    if "enum" in schema:
        return max(len(msgspec.json.encode(choice)) for choice in schema["enum"])
    if "const" in schema:
        return len(msgspec.json.encode(schema["const"]))
    return _largest_of_type(schema, defs, path)


def _largest_of_type(schema, defs, path):
    match schema.get("type"):
        case "object" if schema.get("additionalProperties") is False:
            fields = schema["properties"].items()
            members = [len(msgspec.json.encode(n)) + 1 + largest(one, defs, f"{path}.{n}") for n, one in fields]
            return 2 + sum(members) + max(0, len(members) - 1)
        case "array" if "maxItems" in schema:
            return 2 + schema["maxItems"] * (largest(schema["items"], defs, f"{path}[]") + 1)
        case "string" if "format" in schema:
            return 2 + FORMATS[schema["format"]]
        case "string" if "maxLength" in schema:
            return 2 + ESCAPED * schema["maxLength"]
        case "integer" if {"minimum", "maximum"} <= schema.keys():
            return max(len(str(schema[bound])) for bound in ("minimum", "maximum"))
        case "boolean" | "null":
            return len("false")
        case _:
            raise Unbounded(path)


def largest_bytes(writer):
    """Of the message that a relay of today, or of a release, writes."""
    schema = EVERY_WRITER[writer]
    try:
        return largest(schema, schema["$defs"])
    except Unbounded as error:
        pytest.fail(f"{writer}: {error} has no bound: set max_length, or ge and le, in its Meta", pytrace=False)


@pytest.mark.parametrize("writer", EVERY_WRITER)
def test_the_largest_message_ever_is_within_todays_limit(writer):
    assert largest_bytes(writer) <= MAX_MESSAGE_BYTES


@pytest.mark.parametrize("released", releases(), ids=lambda release: release.version)
def test_todays_largest_message_is_within_the_limit_of_every_release(released, tmp_path):
    with old_side(released.wheel, tmp_path) as old:
        limit = old.ask("about")["max_message_bytes"]
    assert max(map(largest_bytes, TODAYS)) <= limit


def test_ten_of_the_largest_messages_fit_into_one_request_to_sqs():
    assert SQS_BATCH * max(map(largest_bytes, TODAYS)) <= SQS_BYTES


@pytest.mark.parametrize("name", MESSAGES)
def test_what_was_computed_covers_a_message_with_every_string_at_its_bound(name):
    schema = MESSAGES[name].writer()
    biggest = filled(golden_samples(MESSAGES[name])["maximal"], schema)
    raw = encode(biggest)
    assert decode(raw) == biggest
    assert len(raw) <= largest(schema, schema["$defs"])


@pytest.mark.parametrize(
    ("schema", "path"),
    [
        ({"type": "string"}, "$.a"),
        ({"type": "integer", "minimum": 0}, "$.a"),
        ({"type": "array", "items": {"type": "null"}}, "$.a"),
        ({"type": "object", "properties": {}}, "$.a"),
        ({"type": "array", "items": {"type": "string"}, "maxItems": 3}, "$.a[]"),
        ({"type": "number", "minimum": 0, "maximum": 1}, "$.a"),
        ({}, "$.a"),
    ],
)
def test_what_has_no_bound_is_named(schema, path):
    closed = {"type": "object", "properties": {"a": schema}, "additionalProperties": False}
    with pytest.raises(Unbounded) as caught:
        largest(closed, {})
    assert str(caught.value) == path


def test_a_request_holds_the_largest_payload_beside_the_longest_title_and_description():
    envelope = len('{"title":"","description":"","kind":"","payload":,"payload_version":32767}') + 64
    assert MAX_PAYLOAD_BYTES + UTF8 * (TITLE_MAX_LENGTH + DESCRIPTION_MAX_LENGTH) + envelope <= MAX_BODY_BYTES


def test_whatever_the_api_stores_the_processor_may_answer_and_a_page_shows_both():
    assert MAX_RESULT_BYTES >= MAX_PAYLOAD_BYTES
    assert MAX_RESULT_BYTES + MAX_PAYLOAD_BYTES + UTF8 * DESCRIPTION_MAX_LENGTH <= PAGE_BYTES


def test_the_longest_error_is_far_smaller_than_a_result():
    error = TaskError(code="x" * 64, message=storable("\x01" * 10**6), error_type="E" * 1000)
    assert len(error.message) == MAX_MESSAGE_CHARACTERS
    assert len(msgspec.json.encode(error)) <= MAX_RESULT_BYTES // 10


def filled(sample, schema):
    """A message whose every free string has its greatest length, in the character that JSON writes longest."""
    message = decode(sample)
    bounds = schema["$defs"][type(message).__name__]["properties"]
    free = [name for name, one in bounds.items() if one.get("type") == "string" and "format" not in one]
    texts = {name: "\x01" * bounds[name]["maxLength"] for name in free if name != "subject"}
    return msgspec.structs.replace(message, **texts)
