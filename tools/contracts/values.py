"""One value of a type, as JSON has it: an everyday one, the least, the greatest, or one in many scripts."""

from collections.abc import Callable
from enum import Enum
from typing import Any, cast

from msgspec import inspect

UNBOUNDED = 2**63
"""Integers without bounds are tried as far as PostgreSQL's bigint and other languages' long go."""
LONG_TEXT = 1000
SCRIPTS = (
    "Grüße \u65e5\u672c \U0001f69a e\u0301 \u202e\u05e9\u05dc\u202c "
    "\"quoted\" 'single' back\\slash / tab\t line\nend\u2028\x7f"
)


class Wish(Enum):
    """Which value of many."""

    EVERYDAY = "everyday"
    LEAST = "least"
    MOST = "most"
    UNICODE = "unicode"


class NoSample(Exception):
    """No golden sample can be made; the message names contract and field, and says what to do."""


# What stands in the JSON for a least, a greatest and an everyday value.
FIXED: dict[type[inspect.Type], tuple[Any, Any, Any]] = {
    inspect.NoneType: (None, None, None),
    inspect.BoolType: (False, True, True),
    inspect.UUIDType: (
        "00000000-0000-0000-0000-000000000000",
        "ffffffff-ffff-ffff-ffff-ffffffffffff",
        "01a208a8-ca5a-76de-8198-82567600252c",
    ),
    inspect.DateType: ("0001-01-01", "9999-12-31", "2026-11-23"),
    inspect.AnyType: (
        None,
        {"": [], "deep": [[{"n": [2**53, -(2**53), 1.5e300, True, None, ""]}]]},
        {"event": "parcel.sent", "count": 3},
    ),
}


def value(kind: inspect.Type, wish: Wish, examples: list[Any]) -> Any:
    """A value without parts. Raises LookupError for a type that this does not know, or a pattern without examples."""
    make = BOUNDED.get(type(kind))
    if make is not None:
        return make(kind, wish, examples)
    if type(kind) not in FIXED:
        raise LookupError(f"{type(kind).__name__} is not known here: teach tools/contracts/values.py")
    least, most, everyday = FIXED[type(kind)]
    if wish is Wish.UNICODE and isinstance(kind, inspect.AnyType):
        return {"ключ": SCRIPTS}
    return {Wish.LEAST: least, Wish.MOST: most}.get(wish, examples[0] if examples else everyday)


def _text(kind: inspect.StrType, wish: Wish, examples: list[Any]) -> str:
    least, most = kind.min_length or 0, kind.max_length or LONG_TEXT
    if kind.pattern is not None:
        if not examples:
            raise LookupError("has a pattern, so it needs values to try: Meta(pattern=…, examples=[…])")
        return {Wish.LEAST: min(examples, key=len), Wish.MOST: max(examples, key=len)}.get(wish, examples[0])
    everyday: str = examples[0] if examples else "text"
    chosen = {Wish.LEAST: "", Wish.MOST: "z" * most, Wish.UNICODE: SCRIPTS}.get(wish, everyday)
    return chosen[:most].ljust(least, "a")


def _integer(kind: inspect.IntType, wish: Wish, examples: list[Any]) -> int:
    above = kind.ge if kind.ge is not None else None if kind.gt is None else kind.gt + 1
    below = kind.le if kind.le is not None else None if kind.lt is None else kind.lt - 1
    least = -UNBOUNDED if above is None else above
    most = UNBOUNDED - 1 if below is None else below
    everyday = examples[0] if examples else min(max(1, least), most)
    return {Wish.LEAST: least, Wish.MOST: most}.get(wish, everyday)


def _float(kind: inspect.FloatType, wish: Wish, examples: list[Any]) -> float:
    if kind.gt is not None or kind.lt is not None:
        raise LookupError("has an open bound, gt or lt: teach tools/contracts/values.py")
    least = -1.5e300 if kind.ge is None else kind.ge
    most = 1.5e300 if kind.le is None else kind.le
    everyday = examples[0] if examples else min(max(1.5, least), most)
    return {Wish.LEAST: least, Wish.MOST: most}.get(wish, everyday)


def _time(kind: inspect.DateTimeType, wish: Wish, examples: list[Any]) -> str:
    least, most = "0001-01-01T00:00:00", "9999-12-31T23:59:59.999999"
    zone = "" if kind.tz is False else "Z"
    everyday = examples[0] if examples else "2026-11-23T12:00:00" + zone
    return {Wish.LEAST: least + zone, Wish.MOST: most + zone}.get(wish, everyday)


BOUNDED: dict[type[inspect.Type], Callable[[Any, Wish, list[Any]], Any]] = {
    inspect.StrType: _text,
    inspect.IntType: _integer,
    inspect.FloatType: _float,
    inspect.DateTimeType: _time,
}


def unwrapped(kind: inspect.Type) -> tuple[inspect.Type, list[Any]]:
    """The type itself, and its `examples` in Meta."""
    examples: list[Any] = []
    while isinstance(kind, inspect.Metadata):
        wording = cast("dict[str, Any]", kind.extra_json_schema or {})
        examples = wording.get("examples", examples)
        kind = kind.type
    return kind, examples


def options(kind: inspect.Type, examples: list[Any]) -> list[Any]:
    """The values or branches of which each deserves a sample of its own; fewer than two are no choice."""
    match kind:
        case inspect.EnumType():
            return [cast("Any", member).value for member in kind.cls]
        case inspect.LiteralType():
            return list(kind.values)
        case inspect.UnionType():
            return list(kind.types)
        case inspect.BoolType():
            return [False, True]
        case _:
            return examples
