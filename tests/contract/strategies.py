"""Hypothesis strategies: what a struct may hold, its `Meta` included, which `st.from_type` would ignore.

Each is made once: a strategy keeps what it finds out about itself, regular expressions above all.
"""

import json
from datetime import datetime, timedelta, timezone
from functools import cache
from random import Random
from typing import Any, TypeVar

import msgspec
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from msgspec import inspect

T = TypeVar("T")

repeatable = settings(
    max_examples=100,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.explicit, Phase.generate, Phase.shrink],
    suppress_health_check=list(HealthCheck),
)
"""The same examples in every run: a failure in CI is a failure at home."""

characters = st.characters(codec="utf-8")
zones = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
"""RFC 3339 has no seconds in an offset, as local times of old had."""
randoms = st.integers(0, 2**64 - 1).map(Random)
"""Much faster than `st.randoms`, which can replay each number apart."""
instants = st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=zones)
any_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(characters),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(characters), inner, max_size=3),
    max_leaves=8,
)


def drawn(strategy: st.SearchStrategy[T], count: int) -> list[T]:
    """Up to `count` different examples; fewer where there are no more."""
    found: list[T] = []

    @settings(repeatable, max_examples=count, phases=[Phase.generate])
    @given(strategy)
    def note(example: T) -> None:
        found.append(example)

    note()
    return found[:count]


@cache
def values(kind: Any) -> st.SearchStrategy[Any]:
    """Any value that msgspec would take for this type. Raises TypeError for a type that no contract has used yet."""
    return _of(inspect.type_info(kind))


def text(pattern: str | None, shortest: int | None, longest: int | None) -> st.SearchStrategy[str]:
    """Text within bounds, which count characters as JSON Schema does; `pattern` is searched for."""
    if pattern is None:
        return st.text(characters, min_size=shortest or 0, max_size=longest)
    matching = st.from_regex(pattern, alphabet=characters)
    return matching.filter(lambda found: (shortest or 0) <= len(found) <= (len(found) if longest is None else longest))


def _of(info: Any) -> st.SearchStrategy[Any]:
    match info:
        case inspect.Metadata(type=inner):
            return _of(inner)
        case inspect.StructType():
            return _struct(info)
        case inspect.UnionType(types=types):
            return st.one_of([_of(each) for each in types])
        case inspect.ListType(item_type=item, min_length=shortest, max_length=longest):
            return st.lists(_of(item), min_size=shortest or 0, max_size=3 if longest is None else longest)
        case inspect.DictType(key_type=key, value_type=value, min_length=fewest, max_length=most):
            return st.dictionaries(_of(key), _of(value), min_size=fewest or 0, max_size=3 if most is None else most)
        case _:
            return _scalar(info)


def _scalar(info: Any) -> st.SearchStrategy[Any]:
    match info:
        case inspect.StrType():
            return text(info.pattern, info.min_length, info.max_length)
        case inspect.IntType():
            return st.integers(*_bounds(info, 1))
        case inspect.FloatType():
            return st.floats(*_bounds(info, 0), allow_nan=False, allow_infinity=False)
        case inspect.LiteralType(values=choices):
            return st.sampled_from(choices)
        case inspect.EnumType(cls=enum):
            return st.sampled_from(list(enum))
        case inspect.DateTimeType(tz=aware):
            return instants if aware else st.datetimes()
        case _:
            return _plain(info)


def _plain(info: Any) -> st.SearchStrategy[Any]:
    plain = {
        inspect.NoneType: st.none(),
        inspect.BoolType: st.booleans(),
        inspect.UUIDType: st.uuids(),
        inspect.AnyType: any_json,
    }
    if type(info) not in plain:
        raise TypeError(f"say in tests/contract/strategies.py what values a {type(info).__name__} has")
    return plain[type(info)]


def _struct(info: inspect.StructType) -> st.SearchStrategy[Any]:
    fields = {field.name: st.deferred(lambda inner=field.type: _of(inner)) for field in info.fields}
    required = {field.name: fields.pop(field.name) for field in info.fields if field.required}
    return st.fixed_dictionaries(required, optional=fields).map(lambda given: info.cls(**given))


def _bounds(info: Any, step: int) -> tuple[Any, Any]:
    least = info.ge if info.gt is None else info.gt + step
    most = info.le if info.lt is None else info.lt - step
    return least, most


def documents(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Any JSON document that a writer of this schema may write: no field beyond those it names."""
    return _documents(json.dumps(schema, sort_keys=True))


@cache
def _documents(schema_text: str) -> st.SearchStrategy[Any]:
    schema = json.loads(schema_text)
    return _document(schema, schema.get("$defs", {}))


def _document(schema: dict[str, Any], defs: dict[str, Any]) -> st.SearchStrategy[Any]:
    if "$ref" in schema:
        return st.deferred(lambda: _document(defs[schema["$ref"].rpartition("/")[2]], defs))
    if "anyOf" in schema:
        return st.one_of([_document(each, defs) for each in schema["anyOf"]])
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    if "const" in schema:
        return st.just(schema["const"])
    return _typed_document(schema, defs)


def _typed_document(schema: dict[str, Any], defs: dict[str, Any]) -> st.SearchStrategy[Any]:
    match schema.get("type"):
        case None:
            return any_json
        case "object":
            return _object(schema, defs)
        case "array":
            most = schema.get("maxItems", 3)
            return st.lists(_document(schema.get("items", {}), defs), min_size=schema.get("minItems", 0), max_size=most)
        case "string":
            return _string(schema)
        case "integer":
            return st.integers(schema.get("minimum"), schema.get("maximum"))
        case "number":
            least, most = schema.get("minimum"), schema.get("maximum")
            return st.floats(least, most, allow_nan=False, allow_infinity=False)
        case "boolean":
            return st.booleans()
        case "null":
            return st.none()
        case other:
            raise TypeError(f"say in tests/contract/strategies.py what documents have type {other!r}")


def _object(schema: dict[str, Any], defs: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    fields = {name: _document(inner, defs) for name, inner in schema.get("properties", {}).items()}
    required = {name: fields.pop(name) for name in schema.get("required", ())}
    named = st.fixed_dictionaries(required, optional=fields)
    others = schema.get("additionalProperties")
    if not isinstance(others, dict):
        return named
    names = _string(schema.get("propertyNames", {}))
    return st.dictionaries(names, _document(others, defs), max_size=schema.get("maxProperties", 3)).flatmap(
        lambda more: named.map(lambda known: {**more, **known})
    )


def _string(schema: dict[str, Any]) -> st.SearchStrategy[str]:
    match schema.get("format"):
        case "uuid":
            return st.uuids().map(str)
        case "date-time":
            return instants.map(msgspec.to_builtins)
        case None:
            return text(schema.get("pattern"), schema.get("minLength"), schema.get("maxLength"))
        case other:
            raise TypeError(f"say in tests/contract/strategies.py what a string of format {other!r} looks like")
