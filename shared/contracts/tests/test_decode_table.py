"""What `decode` says of each kind of message body, with the reason."""

import json

import msgspec
import pytest
from waybill_contracts import MAX_DEPTH, MAX_MESSAGE_BYTES, Poison, PoisonReason, TaskRequested, decode, encode

LONE_SURROGATE = "\ud800"

UNREADABLE = {
    "an empty body": (b"", "not_json"),
    "only spaces": (b"  \n\t ", "not_json"),
    "text": (b"hello", "not_json"),
    "HTML": (b"<!doctype html><title>502 Bad Gateway</title>", "not_json"),
    "half an object": (b'{"specversion":"1.0",', "not_json"),
    "NaN": (b'{"specversion":NaN}', "not_json"),
    "a number that no float holds": (b'{"a":1e400}', "not_json"),
    "an integer of 5000 digits": (b'{"a":' + b"1" * 5000 + b"}", "not_json"),
    "a lone surrogate, escaped": (rb'{"specversion":"\ud800"}', "not_json"),
    "a byte order mark": (b"\xef\xbb\xbf{}", "not_json"),
    "NUL": (b"\x00", "not_json"),
    "a JSON number": (b"42", "not_object"),
    "a JSON string": (b'"waybill.task.requested.v1"', "not_object"),
    "a JSON null": (b"null", "not_object"),
    "a JSON array": (b"[{}]", "not_object"),
    "invalid UTF-8": (b'{"specversion":"\xff"}', "not_utf8"),
    "UTF-16": ('{"specversion":"1.0"}'.encode("utf-16"), "not_utf8"),
    "a string with a lone surrogate": (f'{{"specversion":"{LONE_SURROGATE}"}}', "not_utf8"),
    "1 MiB of [": (b"[" * 2**20, "too_large"),
    "64 KiB of [": (b"[" * MAX_MESSAGE_BYTES, "too_deep"),
    "objects nested too deep": (b'{"a":' * (MAX_DEPTH + 1) + b"1" + b"}" * (MAX_DEPTH + 1), "too_deep"),
    "brackets closed before they are opened": (b"]" * 1000 + b"[" * 1000, "not_json"),
    "an empty object": (b"{}", "unsupported_envelope"),
    "JSON of somebody else": (b'{"order":17}', "unsupported_envelope"),
    "CloudEvents 0.3": (b'{"specversion":"0.3","type":"waybill.task.requested.v1"}', "unsupported_envelope"),
    "a type that is no string": (b'{"specversion":"1.0","type":7}', "unsupported_envelope"),
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_what_is_no_message_of_ours_is_poison_with_its_reason(name):
    body, reason = UNREADABLE[name]
    assert refused(body).reason == reason


def test_one_byte_over_the_limit_is_too_large_and_the_limit_itself_is_not(golden):
    raw = encode(golden)
    filled = raw + b" " * (MAX_MESSAGE_BYTES - len(raw))
    assert decode(filled) == golden
    assert refused(filled + b" ").reason == "too_large"


def test_a_body_is_measured_in_bytes_not_in_characters():
    assert refused("é" * (MAX_MESSAGE_BYTES // 2 + 1)).reason == "too_large"


@pytest.mark.parametrize(
    ("wrapper", "sender"),
    [
        ({"Type": "Notification", "TopicArn": "arn:aws:sns:x", "Message": "{}"}, "SNS"),
        ({"version": "0", "detail-type": "x", "source": "y", "detail": {}}, "EventBridge"),
        ({"Records": [{"eventSource": "aws:s3"}]}, "S3 or Lambda"),
        ({"Service": "Amazon S3", "Event": "s3:TestEvent"}, "S3 test event"),
    ],
)
def test_a_wrapper_is_refused_with_a_hint_at_who_wrapped(wrapper, sender):
    poison = refused(json.dumps(wrapper))
    assert poison.reason is PoisonReason.UNSUPPORTED_ENVELOPE
    assert f"wrapped by {sender}" in poison.detail


@pytest.mark.parametrize(
    ("event_type", "reason"),
    [
        ("waybill.task.requested.v2", "future_version"),
        ("waybill.task.requested.v99999", "future_version"),
        ("waybill.other.v1", "future_version"),
        ("waybill.task.requested.v0", "retired_version"),
        ("waybill.task.requested.v1\n", "future_version"),
        ("com.example.order.placed", "unknown_type"),
        ("waybillx.task.requested.v1", "unknown_type"),
        ("", "unknown_type"),
    ],
)
@pytest.mark.parametrize("data", [{}, {"task_id": 7}, [], None])
def test_the_type_decides_before_the_data_is_looked_at(event_type, reason, data):
    poison = refused(json.dumps({"specversion": "1.0", "type": event_type, "data": data}))
    assert poison.reason == reason
    assert poison.is_future == (reason == "future_version")


def test_only_a_future_version_may_yet_be_read_by_somebody():
    future = [reason for reason in PoisonReason if Poison(reason, "").is_future]
    assert future == [PoisonReason.FUTURE_VERSION]


def test_a_subject_that_is_not_the_task_in_the_data_is_refused(golden):
    other = msgspec.structs.replace(golden, subject="01890a5d-ac96-774b-bcce-b302099a8058")
    poison = refused(encode(other))
    assert poison.reason is PoisonReason.INVALID_DATA
    assert "$.subject" in poison.detail


def test_32_levels_are_read_and_33_are_too_deep(golden):
    def nested(levels):
        inside = msgspec.json.encode(msgspec.to_builtins(golden))[:-1]
        return inside + b',"unknown":' + b"[" * (levels - 1) + b"]" * (levels - 1) + b"}"

    assert decode(nested(MAX_DEPTH)) == golden
    assert refused(nested(MAX_DEPTH + 1)).reason is PoisonReason.TOO_DEEP


@pytest.mark.parametrize("text", ["[" * 5000, "{" * 5000, '\\"[[' * 2000, "]" * 5000])
def test_brackets_inside_strings_do_not_count_as_depth(golden, text):
    document = {**msgspec.to_builtins(golden), "note": text}
    assert decode(json.dumps(document)) == golden


def test_text_and_bytes_of_a_message_read_the_same(golden):
    raw = encode(golden)
    assert decode(raw) == decode(raw.decode()) == golden


def refused(body):
    read = decode(body)
    assert isinstance(read, Poison), f"taken for a message: {read}"
    assert not isinstance(read, TaskRequested)
    return read
