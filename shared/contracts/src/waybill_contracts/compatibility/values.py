"""Single JSON values: whether two are the same, and whether a schema without unions takes one."""

import datetime
import decimal
import re
import uuid
from collections.abc import Callable
from fractions import Fraction
from typing import Any, cast

import msgspec

from .verdicts import Schema

_READ_AS: dict[str, Any] = {
    "date-time": datetime.datetime,
    "date": datetime.date,
    "time": datetime.time,
    "partial-time": datetime.time,
    "duration": datetime.timedelta,
    "uuid": uuid.UUID,
    "decimal": decimal.Decimal,
}


def is_same(one: Any, other: Any) -> bool:
    """Whether two JSON values are equal: `1` and `1.0` are, `1` and `true` are not."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, list) and isinstance(other, list):
        pairs = list(zip(cast("list[Any]", one), cast("list[Any]", other), strict=False))
        return len(one) == len(other) and all(is_same(left, right) for left, right in pairs)  # pyright: ignore[reportUnknownArgumentType]
    if isinstance(one, dict) and isinstance(other, dict):
        left, right = cast("Schema", one), cast("Schema", other)
        return left.keys() == right.keys() and all(is_same(left[name], right[name]) for name in left)
    return one == other


def type_of(value: Any) -> str:
    """The JSON type of a scalar; a float is a `number` even where it is whole, as msgspec reads it."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, str):
        return "string"
    return "integer" if isinstance(value, int) else "number"


def is_of_type(value: Any, name: str) -> bool:
    """Whether a scalar is of a JSON type; every integer is a number."""
    return name == type_of(value) or (name == "number" and type_of(value) == "integer")


def is_within(value: Any, schema: Schema) -> bool:
    """Whether a scalar that is of the schema's type keeps its bounds, pattern and format."""
    return all(holds(value, schema[keyword]) for keyword, holds in _HOLDS[type_of(value)].items() if keyword in schema)


def exact(number: float) -> Fraction:
    """A number of a schema as it is written there: 0.1 is a tenth."""
    return Fraction(str(number))


def _has_format(value: str, name: str) -> bool:
    if name not in _READ_AS:
        return False  # cannot be shown, so it is not assumed
    try:
        msgspec.convert(value, _READ_AS[name])
    except msgspec.ValidationError:
        return False
    return True


def _is_base64(value: str, _encoding: str) -> bool:
    try:
        msgspec.convert(value, bytes)
    except msgspec.ValidationError:
        return False
    return True


_NUMBER: dict[str, Callable[[Any, Any], bool]] = {
    "minimum": lambda value, bound: value >= bound,
    "maximum": lambda value, bound: value <= bound,
    "exclusiveMinimum": lambda value, bound: value > bound,
    "exclusiveMaximum": lambda value, bound: value < bound,
    "multipleOf": lambda value, step: (exact(value) / exact(step)).denominator == 1,
}
_STRING: dict[str, Callable[[Any, Any], bool]] = {
    "minLength": lambda value, bound: len(value) >= bound,
    "maxLength": lambda value, bound: len(value) <= bound,
    "pattern": lambda value, pattern: re.search(pattern, value) is not None,
    "format": _has_format,
    "contentEncoding": _is_base64,
}
_HOLDS = {"null": {}, "boolean": {}, "integer": _NUMBER, "number": _NUMBER, "string": _STRING}
