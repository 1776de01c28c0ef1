"""The query of `GET /tasks`, and its cursor."""

import re
import zlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from typing import TypeVar
from urllib.parse import parse_qsl
from uuid import UUID

from msgspec import Struct
from waybill_contracts import KIND_MAX_LENGTH, KIND_PATTERN, TaskStatus

from .errors import FieldError, InvalidRequest

MAX_LIMIT = 200
DEFAULT_LIMIT = 50
PARAMETERS = ("status", "kind", "held", "limit", "cursor")

T = TypeVar("T")


class ListQuery(Struct, frozen=True, kw_only=True):
    """What part of the list is asked for. `before` is the id that the page begins below, or None for the newest."""

    status: TaskStatus | None
    kind: str | None
    held: bool
    limit: int
    before: UUID | None


def read_query(query_string: bytes) -> ListQuery:
    """Raises `InvalidRequest` for an unknown, repeated or wrong parameter, by its name."""
    values = _parse(query_string)
    status = _read(values, "status", _status)
    kind = _read(values, "kind", _kind)
    held = _read(values, "held", _held) is not None
    return ListQuery(
        status=status,
        kind=kind,
        held=held,
        limit=_read(values, "limit", _limit) or DEFAULT_LIMIT,
        before=_read(values, "cursor", lambda text: _id_in_cursor(text, _digest(status, kind, held))),
    )


def make_cursor(last: UUID, query: ListQuery) -> str:
    """The cursor of the page that follows the task `last`. It holds for the same filters only."""
    return urlsafe_b64encode(last.bytes + _digest(query.status, query.kind, query.held)).decode()


def _parse(query_string: bytes) -> dict[str, str]:
    try:
        pairs = parse_qsl(query_string.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=20)
    except (UnicodeDecodeError, ValueError):
        raise InvalidRequest(_wrong("", "query", "the query string is not percent-encoded UTF-8")) from None
    values: dict[str, str] = {}
    for name, value in pairs:
        if name not in PARAMETERS:
            detail = f"no such parameter; there are {', '.join(PARAMETERS)}"
            raise InvalidRequest(_wrong(name[:64], "unknown_parameter", detail))
        if name in values:
            raise InvalidRequest(_wrong(name, "repeated_parameter", "given twice"))
        values[name] = value
    return values


def _read(values: dict[str, str], name: str, read: Callable[[str], T]) -> T | None:
    if name not in values:
        return None
    try:
        return read(values[name])
    except ValueError as error:
        raise InvalidRequest(_wrong(name, name, str(error))) from None


def _status(text: str) -> TaskStatus:
    if text not in list(TaskStatus):
        raise ValueError(f"must be one of {', '.join(TaskStatus)}")
    return TaskStatus(text)


def _kind(text: str) -> str:
    if len(text) > KIND_MAX_LENGTH or not re.fullmatch(KIND_PATTERN.strip("^$"), text):
        raise ValueError(f"must read noun.verb, in at most {KIND_MAX_LENGTH} characters")
    return text


def _held(text: str) -> bool:
    if text != "true":
        raise ValueError("must be true; leave it out for all tasks")
    return True


def _limit(text: str) -> int:
    if not re.fullmatch("[0-9]{1,3}", text) or not 1 <= int(text) <= MAX_LIMIT:
        raise ValueError(f"must be a number from 1 to {MAX_LIMIT}")
    return int(text)


def _id_in_cursor(text: str, digest: bytes) -> UUID:
    try:
        raw = urlsafe_b64decode(text.encode("ascii")) if len(text) < 64 else b""
    except (UnicodeEncodeError, ValueError):
        raw = b""
    if len(raw) != 20:
        raise ValueError("not a cursor that a list gave")
    if raw[16:] != digest:
        raise ValueError("belongs to a list with another status, kind or held")
    return UUID(bytes=raw[:16])


def _digest(status: TaskStatus | None, kind: str | None, held: bool) -> bytes:
    filters = f"{status or ''}|{kind or ''}" + ("|held" if held else "")
    return zlib.crc32(filters.encode()).to_bytes(4, "big")


def _wrong(parameter: str, rule: str, detail: str) -> FieldError:
    return FieldError(field=parameter, rule=rule, detail=detail)
