"""C7: whatever happened to a message on its way, `decode` answers: a message, or a poison with the reason."""

import json
from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from waybill_contracts import MAX_DEPTH, MAX_MESSAGE_BYTES, Poison, PoisonReason, TaskRequested, decode
from waybill_contracts.catalogue import catalogue
from waybill_processor.delivery import Delivery
from waybill_processor.intake import disposition_of, from_dead_letter_queue
from waybill_processor.store.claims import Answer, Claim

from tests.contract.strategies import any_json, documents, drawn, repeatable
from tests.contract.variants import places, set_at
from tests.contract.wheels import released_samples
from tools.contracts.samples import golden_samples

MESSAGES = {name: contract for name, contract in catalogue().items() if name.startswith("task.requested.")}
GOLDEN = {
    f"{name}/{sample}": body
    for name, contract in MESSAGES.items()
    for sample, body in (golden_samples(contract) | {k: v.encode() for k, v in released_samples(name).items()}).items()
}
WRITTEN = st.sampled_from(list(GOLDEN.values()))
MALFORMED, FOREIGN = {PoisonReason.NOT_JSON}, {PoisonReason.UNSUPPORTED_ENVELOPE, PoisonReason.NOT_OBJECT}
CUT = MALFORMED | {PoisonReason.NOT_UTF8}
"""It may have been cut inside a character."""
ANYTHING = None
"""A message may come out of it, or any poison."""


def truncated(draw, body):
    return body[: draw(st.integers(0, len(body) - 1))]


def bit_flipped(draw, body):
    damaged = bytearray(body)
    for _ in range(draw(st.integers(1, 4))):
        damaged[draw(st.integers(0, len(body) - 1))] ^= 1 << draw(st.integers(0, 7))
    return bytes(damaged)


def spliced(draw, body):
    other = draw(WRITTEN)
    return body[: draw(st.integers(0, len(body)))] + other[draw(st.integers(0, len(other))) :]


def grown(draw, body):
    at = draw(st.integers(0, len(body)))
    return body[:at] + draw(st.binary(min_size=1, max_size=20)) + body[at:]


def repeated(draw, body):
    return body + body[draw(st.integers(0, len(body) - 1)) :]


def wrapped(draw, body):
    message, text = json.loads(body), body.decode()
    wrappers = [
        {"Type": "Notification", "MessageId": "m", "TopicArn": "arn:aws:sns:eu-west-1:1:tasks", "Message": text},
        {"version": "0", "id": "e", "detail-type": "task", "source": "waybill", "detail": message},
        {"Records": [{"eventSource": "aws:sqs", "messageId": "m", "body": text}]},
        {"Records": [{"eventSource": "aws:s3", "s3": {"object": {"key": text}}}]},
        {"message": message},
        [message],
        text,
    ]
    return json.dumps(draw(st.sampled_from(wrappers))).encode()


def value_swapped(draw, body):
    document = json.loads(body)
    return json.dumps(set_at(document, draw(st.sampled_from(places(document))), draw(any_json))).encode()


def too_deep(draw, body):
    levels = draw(st.sampled_from([MAX_DEPTH + 1, 100, 500]))
    opening, closing = draw(st.sampled_from([(b"[", b"]"), (b'{"a":', b"}")]))
    return with_member(draw, body, opening * levels + b"1" + closing * levels)


def not_utf8(draw, body):
    bad = draw(st.sampled_from([b"\xff", b"\xc0\x80", b"\xed\xa0\x80", b"\xe2\x82", b"\xf5\x80\x80\x80", b"\x80"]))
    return with_member(draw, body, b'"' + bad + b'"')


def with_raw_nul(draw, body):
    at = draw(st.integers(0, len(body)))
    return body[:at] + b"\x00" + body[at:]


def with_a_huge_number(draw, body):
    document = json.loads(body)
    marked = json.dumps(set_at(document, draw(st.sampled_from(places(document))), "HUGE"))
    return marked.replace('"HUGE"', draw(st.sampled_from(["1e400", "-1e999", str(2**70), "9" * 3000]))).encode()


def with_what_is_no_number(draw, body):
    return with_member(draw, body, draw(st.sampled_from([b"NaN", b"Infinity", b"-Infinity", b"01", b"+1", b"0x1"])))


def with_a_lone_surrogate(draw, body):
    return with_member(draw, body, draw(st.sampled_from([rb'"\ud800"', rb'"\udc00\ud800"', rb'"\ud800x"'])))


def with_a_byte_order_mark(draw, body):
    return b"\xef\xbb\xbf" + body


def too_large(draw, body):
    return body + b" " * (MAX_MESSAGE_BYTES + draw(st.integers(0, 10**6)))


CORRUPTIONS = {
    truncated: CUT,
    bit_flipped: ANYTHING,
    spliced: ANYTHING,
    grown: ANYTHING,
    repeated: CUT,
    wrapped: FOREIGN,
    value_swapped: ANYTHING,
    too_deep: {PoisonReason.TOO_DEEP},
    not_utf8: {PoisonReason.NOT_UTF8},
    with_raw_nul: MALFORMED | {PoisonReason.NOT_UTF8},
    with_a_huge_number: MALFORMED | {PoisonReason.UNSUPPORTED_ENVELOPE, PoisonReason.INVALID_DATA},
    with_what_is_no_number: MALFORMED,
    with_a_lone_surrogate: MALFORMED,
    with_a_byte_order_mark: MALFORMED,
    too_large: {PoisonReason.TOO_LARGE},
}
"""What can happen to a body, and what `decode` may then say."""

REASONS = {
    PoisonReason.TOO_LARGE: b" " * (MAX_MESSAGE_BYTES + 1),
    PoisonReason.NOT_UTF8: b'{"specversion":"\xff"}',
    PoisonReason.TOO_DEEP: b"[" * (MAX_DEPTH + 1),
    PoisonReason.NOT_JSON: b"",
    PoisonReason.NOT_OBJECT: b"[]",
    PoisonReason.UNSUPPORTED_ENVELOPE: b"{}",
    PoisonReason.UNKNOWN_TYPE: b'{"specversion":"1.0","type":"com.example.order"}',
    PoisonReason.RETIRED_VERSION: b'{"specversion":"1.0","type":"waybill.task.requested.v0"}',
    PoisonReason.FUTURE_VERSION: b'{"specversion":"1.0","type":"waybill.task.requested.v9999"}',
    PoisonReason.INVALID_DATA: b'{"specversion":"1.0","type":"waybill.task.requested.v1"}',
}
"""What `decode` itself says; the other reasons need the database."""


@pytest.mark.parametrize("corruption", CORRUPTIONS, ids=lambda corruption: corruption.__name__)
@given(st.data())
@settings(repeatable, max_examples=60)
def test_a_damaged_message_is_read_or_refused(corruption, data):
    body = corruption(data.draw, data.draw(WRITTEN))
    read = answered(body)
    if CORRUPTIONS[corruption] is not ANYTHING:
        assert isinstance(read, Poison), f"taken for a message: {body!r}"
        assert read.reason in CORRUPTIONS[corruption]


@given(st.data())
@repeatable
def test_of_a_key_that_comes_twice_the_last_one_counts(data):
    document = json.loads(data.draw(WRITTEN))
    twice = data.draw(st.sampled_from(sorted(document)))
    last = data.draw(any_json)
    first_then_last = json.dumps(document)[:-1] + f", {json.dumps(twice)}: {json.dumps(last)}}}"
    assert answered(first_then_last.encode()) == answered(json.dumps(document | {twice: last}).encode())


@pytest.mark.parametrize("name", MESSAGES)
def test_a_subject_that_is_not_the_task_is_refused_which_no_schema_can_say(name):
    for document in drawn(documents(MESSAGES[name].writer()), 40):
        of_another = document | {"subject": "not " + document["data"]["task_id"]}
        read = answered(json.dumps(of_another).encode())
        assert isinstance(read, Poison)
        assert (read.reason, "$.subject" in read.detail) == (PoisonReason.INVALID_DATA, True)


@pytest.mark.parametrize("reason", REASONS)
def test_each_reason_of_decode_has_a_body_that_is_refused_for_it(reason):
    assert answered(REASONS[reason]).reason is reason


def test_the_other_reasons_are_those_that_the_processor_finds():
    assert set(PoisonReason) == {*REASONS, *found_by_the_processor()}


def found_by_the_processor():
    """The reasons for a message that reads well."""
    delivery = Delivery(message_id="m", receipt_handle="r", body="", receive_count=10, sent_at=None)
    message = decode(next(iter(GOLDEN.values())))
    for answer in (Answer.UNKNOWN, Answer.MISMATCH):
        claim = Claim(UUID(int=0), answer, None, 0, 0, 0, "", 0, "", None, "", datetime.now(UTC))
        yield disposition_of(claim, delivery).reason
    yield from_dead_letter_queue(delivery, message).reason


@pytest.mark.parametrize("body", GOLDEN.values(), ids=GOLDEN)
def test_undamaged_they_are_messages(body):
    assert isinstance(answered(body), TaskRequested)


def with_member(draw, body, value):
    """The message with one more member, whose value is given as bytes, in the envelope or in its data."""
    at = draw(st.sampled_from([body.rindex(b"}"), body.index(b'"data":{') + len(b'"data":')]))
    if body[at : at + 1] == b"{":
        return body[: at + 1] + b'"more":' + value + b"," + body[at + 1 :]
    return body[:at] + b',"more":' + value + body[at:]


def answered(body):
    """What `decode` makes of bytes, which it must make of the same text too; and a poison must fit its column."""
    read = decode(body)
    assert isinstance(read, TaskRequested | Poison)
    if isinstance(read, Poison):
        assert read.reason in REASONS
        assert "\x00" not in read.detail
        assert len(read.detail.encode()) <= 1000
    text = body.decode("utf-8", "surrogateescape")
    assert decode(text) == read or (isinstance(read, Poison) and type(decode(text)) is Poison)
    return read
