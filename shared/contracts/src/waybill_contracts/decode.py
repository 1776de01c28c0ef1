"""Bytes from the queue to a message, or to a poison with its reason. Never raises."""

import re
from typing import Any, cast

import msgspec

from .message import TASK_REQUESTED, TaskRequested
from .poison import Poison, PoisonReason

MAX_MESSAGE_BYTES = 64 * 1024
"""Our own bound, far below that of SQS (1 MiB). The largest message a relay writes is under 1 KiB."""
MAX_DEPTH = 32

_decoder = msgspec.json.Decoder(TaskRequested)
_TYPE = re.compile(re.escape(TASK_REQUESTED) + r"\.v(0|[1-9][0-9]{0,4})")
_OLDEST, _NEWEST = 1, 1  # the major versions of `task.requested` that this reader takes
_OURS = "waybill."
_BRACKETS_OUTSIDE_STRINGS = re.compile(rb'"(?:[^"\\]|\\.)*"?|[\[\]{}]', re.DOTALL)
_WRAPPERS = {"TopicArn": "SNS", "detail-type": "EventBridge", "Records": "S3 or Lambda", "Event": "S3 test event"}


def decode(body: bytes | str) -> TaskRequested | Poison:
    """Read one message body. What cannot be read comes back as a `Poison`; nothing is raised for any input."""
    try:
        raw = body.encode() if isinstance(body, str) else body
    except UnicodeEncodeError:
        return Poison(PoisonReason.NOT_UTF8, "the body holds a lone surrogate")
    if len(raw) > MAX_MESSAGE_BYTES:
        return Poison(PoisonReason.TOO_LARGE, f"{len(raw)} bytes, the limit is {MAX_MESSAGE_BYTES}")
    if is_deeper_than(raw, MAX_DEPTH):
        return Poison(PoisonReason.TOO_DEEP, f"nested deeper than {MAX_DEPTH}")
    if isinstance(body, bytes) and not _is_utf8(raw):  # msgspec would pass over bad bytes in a field it does not know
        return Poison(PoisonReason.NOT_UTF8, "the body is not UTF-8")
    try:
        message = _decoder.decode(raw)
    except msgspec.ValidationError as error:
        return _explain(raw, _without_value(str(error)))
    except (msgspec.DecodeError, RecursionError) as error:
        return _not_json(error)
    if message.subject != str(message.data.task_id):
        return Poison(PoisonReason.INVALID_DATA, "`$.subject` is not the id in `$.data.task_id`")
    return message


def is_deeper_than(raw: bytes, limit: int) -> bool:
    """Whether JSON bytes nest deeper than `limit` levels, found without decoding (which could overflow the stack)."""
    if raw.count(b"[") + raw.count(b"{") <= limit:
        return False
    depth = 0
    for token in _BRACKETS_OUTSIDE_STRINGS.finditer(raw):
        character = token[0]
        if character in b"[{":
            depth += 1
            if depth > limit:
                return True
        elif character in b"]}":
            depth -= 1
    return False


def _is_utf8(raw: bytes) -> bool:
    try:
        raw.decode()
    except UnicodeDecodeError:
        return False
    return True


def _not_json(error: Exception) -> Poison:
    return Poison(PoisonReason.NOT_JSON, str(error) or type(error).__name__)


def _without_value(complaint: str) -> str:
    """A complaint of msgspec without the wrong value that it quotes, which may hold anything, NUL included."""
    what, at, path = complaint.rpartition(" - at ")
    return f"Invalid value{at}{path}" if what.startswith("Invalid enum value") else complaint


def _explain(raw: bytes, complaint: str) -> Poison:
    """Say why JSON that is not a `TaskRequested` cannot be taken: first whose message it is, then which field."""
    try:
        document: Any = msgspec.json.decode(raw)
    except (msgspec.DecodeError, RecursionError) as error:
        return _not_json(error)  # the struct decoder stopped at a wrong field before it met the bad syntax
    if not isinstance(document, dict):
        return Poison(PoisonReason.NOT_OBJECT, "the body is JSON, but not an object")
    fields = cast("dict[str, Any]", document)
    if fields.get("specversion") != "1.0" or not isinstance(fields.get("type"), str):
        return Poison(PoisonReason.UNSUPPORTED_ENVELOPE, _envelope_hint(fields))
    return _judge_type(fields["type"], complaint)


def _envelope_hint(fields: dict[str, Any]) -> str:
    for key, sender in _WRAPPERS.items():
        if key in fields:
            return f"wrapped by {sender} (it has `{key}`); send the message itself as the body"
    return 'not a CloudEvent 1.0: `specversion` must be "1.0" and `type` a string'


def _judge_type(event_type: str, complaint: str) -> Poison:
    known = _TYPE.fullmatch(event_type)
    major = int(known[1]) if known else None
    if major is not None and _OLDEST <= major <= _NEWEST:
        return Poison(PoisonReason.INVALID_DATA, complaint)
    if major is not None and major < _OLDEST:
        return Poison(PoisonReason.RETIRED_VERSION, f"type {event_type!r} is older than this reader takes")
    if event_type.startswith(_OURS):
        return Poison(PoisonReason.FUTURE_VERSION, f"type {event_type[:128]!r} is newer than this reader")
    return Poison(PoisonReason.UNKNOWN_TYPE, f"type {event_type[:128]!r} is not a message of Waybill")
