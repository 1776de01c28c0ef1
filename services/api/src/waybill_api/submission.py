"""A JSON document to a task that passed all checks. Errors name the field and the rule."""

import math
import re
from typing import Any, TypeVar, cast

import msgspec
import uuid_utils.compat as uuid_utils
from msgspec import UNSET
from waybill_contracts import DEFAULT_KIND, KINDS, TaskPayload, unknown_fields

from .errors import FieldError, InvalidRequest
from .views import NewTask, SubmitTask
from .whole_numbers import with_whole_numbers

MAX_PAYLOAD_BYTES = 256 * 1024
SMALL_PAYLOAD_BYTES = 4 * 1024
"""Up to here no payload can grow beyond the limit: `1e308,` is the densest, 6 bytes for 310."""

T = TypeVar("T")

_COMPLAINT = re.compile(r"(?s)(?P<what>.*?)(?: - at (?P<name>`key` in )?`\$(?P<path>.*)`)?")
_ANY_MEMBER = "[...]"
"""What msgspec calls a member of a mapping: it does not say which."""
_BLANK = re.compile(r"\s")
_MISSING = re.compile(r"Object missing required field `(.+)`")
_RULES = (
    ("Object missing required field", "required"),
    ("of length >=", "min_length"),
    ("of length <=", "max_length"),
    ("matching regex", "pattern"),
    (">=", "minimum"),
    ("<=", "maximum"),
    (">", "exclusive_minimum"),
    ("<", "exclusive_maximum"),
    ("Invalid enum value", "enum"),
    ("Expected", "type"),
)


def read_submission(document: dict[str, Any], traceparent: str | None) -> NewTask:
    """Check a submitted document and give the task its id. Raises `InvalidRequest`."""
    asked = _convert(document, SubmitTask, "")
    _refuse([f"$.{name}" for name in document if name not in SubmitTask.__struct_fields__])
    title = asked.title
    if title is UNSET:
        if asked.kind == DEFAULT_KIND:
            raise InvalidRequest(field_error("title", "required", f"required for kind {DEFAULT_KIND}"))
        title = asked.kind
    return NewTask(
        id=uuid_utils.uuid7(),
        kind=asked.kind,
        payload_version=asked.payload_version,
        title=title,
        description=asked.description,
        payload=_read_payload(asked),
        traceparent=traceparent,
    )


def _read_payload(asked: SubmitTask) -> str:
    struct = _find_struct(asked)
    if "url" in struct.__struct_fields__:
        _refuse_blank(asked.payload.get("url"))
    payload = _convert(asked.payload, struct, "payload")
    _refuse(unknown_fields(asked.payload, msgspec.to_builtins(payload), "$.payload"))
    encoded = msgspec.json.encode(payload)
    size = len(encoded)
    if size > SMALL_PAYLOAD_BYTES:
        size += _extra_digits(asked.payload)
    if size > MAX_PAYLOAD_BYTES:
        detail = f"{size} bytes of JSON with all digits written out, the limit is {MAX_PAYLOAD_BYTES}"
        raise InvalidRequest(field_error("payload", "max_bytes", detail))
    return encoded.decode()


def _refuse_blank(url: Any) -> None:
    """The pattern of a URL refuses white space too, but over a long one it takes seconds, and all others wait."""
    if isinstance(url, str) and _BLANK.search(url):
        raise InvalidRequest(field_error("payload.url", "pattern", "a URL has no white space"))


def _extra_digits(value: Any) -> int:
    """How many zeros PostgreSQL will add: jsonb gives `1e308` back as a number of 309 digits."""
    if isinstance(value, float):
        exponent = abs(math.frexp(value)[1]) * 0.30103
        return int(exponent) if exponent > 15 else 0
    if isinstance(value, dict):
        return sum(map(_extra_digits, cast("dict[str, Any]", value).values()))
    if isinstance(value, list):
        return sum(map(_extra_digits, cast("list[Any]", value)))
    return 0


def _find_struct(asked: SubmitTask) -> type[TaskPayload]:
    struct = KINDS.find(asked.kind, asked.payload_version)
    if struct is not None:
        return struct
    versions = KINDS.versions(asked.kind)
    if not versions:
        raise InvalidRequest(field_error("kind", "known_kind", f"no such kind; there are {', '.join(KINDS.names())}"))
    known = ", ".join(map(str, versions))
    raise InvalidRequest(field_error("payload_version", "known_version", f"{asked.kind} has version {known}"))


def _convert(value: Any, wanted: type[T], below: str) -> T:
    try:
        return msgspec.convert(value, wanted)
    except msgspec.ValidationError as error:
        if "Expected `int`, got `float`" in str(error):
            return _convert_whole(value, wanted, below)
        raise InvalidRequest(explain(str(error), below)) from None


def _convert_whole(value: Any, wanted: type[T], below: str) -> T:
    try:
        return msgspec.convert(with_whole_numbers(value, wanted), wanted)
    except msgspec.ValidationError as error:
        raise InvalidRequest(explain(str(error), below)) from None


def _refuse(unknown: list[str]) -> None:
    if unknown:
        errors = (field_error(path[2:], "unknown_field", "no such field") for path in unknown[:20])
        raise InvalidRequest(*errors)


def explain(complaint: str, below: str) -> FieldError:
    """A complaint of msgspec as field, pointer and rule; `below` is the field that the document hangs from."""
    match = _COMPLAINT.fullmatch(complaint)
    what, path = (match["what"], match["path"] or "") if match else (complaint, "")
    path, member, _ = path.partition(_ANY_MEMBER)
    missing = _MISSING.match(what)
    field = below + path + (f".{missing[1]}" if missing else "")
    rule = next((rule for mark, rule in _RULES if mark in what), "invalid")
    detail = "required" if missing else what[:1].lower() + what[1:]
    where = "a name in it: " if match and match["name"] else "a value in it: " if member else ""
    return field_error(field.lstrip("."), rule, where + detail)


def field_error(field: str, rule: str, detail: str) -> FieldError:
    """An error of the field `a.b[0]`, with its JSON pointer `/a/b/0`."""
    pointer = "".join(f"/{part}" for part in re.split(r"\.|\[|\]\.?", field) if part)
    return FieldError(field=field, pointer=pointer, rule=rule, detail=detail)
