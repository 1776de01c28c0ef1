"""Bytes to a JSON document, refusing what could not be read back as it was written or could not be stored."""

import re
from typing import Any, cast

import msgspec
from waybill_contracts import MAX_DEPTH, is_deeper_than

from .errors import UnreadableBody

_COLONS_OUTSIDE_STRINGS = re.compile(rb'"(?:[^"\\]|\\.)*"|(:)', re.DOTALL)


def decode_document(raw: bytes) -> dict[str, Any]:
    """JSON bytes to an object. Raises `UnreadableBody` for all else, and for what PostgreSQL could not store."""
    if not raw:
        raise UnreadableBody("the body is empty; send a JSON object")
    if is_deeper_than(raw, MAX_DEPTH):
        raise UnreadableBody(f"nested deeper than {MAX_DEPTH} levels")
    try:
        document: Any = msgspec.json.decode(raw)
    except UnicodeDecodeError:
        raise UnreadableBody("the body is not UTF-8") from None
    except (msgspec.DecodeError, RecursionError) as error:
        raise UnreadableBody(f"the body is not JSON: {error}") from None
    if not isinstance(document, dict):
        raise UnreadableBody("the body is JSON, but not an object")
    fields = cast("dict[str, Any]", document)
    keys, has_nul = _survey(fields)
    if has_nul:
        raise UnreadableBody("a string holds the character NUL (U+0000), which cannot be stored")
    if raw.count(b":") != keys and _count_colons(raw) != keys:
        raise UnreadableBody("an object names a key twice")
    return fields


def _survey(value: Any) -> tuple[int, bool]:
    """How many keys a document has, and whether a string in it holds NUL."""
    if isinstance(value, str):
        return 0, "\0" in value
    if isinstance(value, dict):
        members = cast("dict[str, Any]", value)
        below = [_survey(member) for member in members.values()]
        has_nul = any("\0" in key for key in members) or any(nul for _, nul in below)
        return len(members) + sum(keys for keys, _ in below), has_nul
    if isinstance(value, list):
        below = [_survey(member) for member in cast("list[Any]", value)]
        return sum(keys for keys, _ in below), any(nul for _, nul in below)
    return 0, False


def _count_colons(raw: bytes) -> int:
    return sum(1 for match in _COLONS_OUTSIDE_STRINGS.finditer(raw) if match[1])
