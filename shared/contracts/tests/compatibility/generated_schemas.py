"""Strategies: schemas of the part of JSON Schema that the checker knows, and changes of them."""

import json
from typing import Any

from hypothesis import strategies as st
from waybill_contracts.catalogue import Schema

NAMES = ["a", "b", "c"]
SMALL = st.integers(0, 3)
WORDS = st.text("xy", max_size=4)
STEPS = st.sampled_from([0.5, 1, 2, 3])
PATTERNS = st.sampled_from(["^x", "y$"])
LEAF_VALUES = [None, True, False, 0, 1, 2, "x", "y", ""]


def _with(kind: str, **optional: st.SearchStrategy[Any]) -> st.SearchStrategy[Schema]:
    return st.fixed_dictionaries({"type": st.just(kind)}, optional=optional)


def _numbers(kind: str) -> st.SearchStrategy[Schema]:
    return _with(kind, minimum=SMALL, maximum=st.integers(2, 6), exclusiveMinimum=SMALL, multipleOf=STEPS)


SCALARS = st.one_of(
    _with("string", minLength=SMALL, maxLength=st.integers(2, 6)),
    _with("string", pattern=PATTERNS),
    _with("string", format=st.sampled_from(["uuid", "date"])),
    _numbers("integer"),
    _numbers("number"),
    st.sampled_from([{"type": "boolean"}, {"type": "null"}, {}, {"type": ["string", "null"]}]),
    st.lists(st.sampled_from(LEAF_VALUES), min_size=1, max_size=4, unique_by=json.dumps).map(
        lambda them: {"enum": them}
    ),
    st.sampled_from(LEAF_VALUES).map(lambda one: {"const": one}),
)


@st.composite
def _objects(draw: st.DrawFn, inner: st.SearchStrategy[Schema]) -> Schema:
    properties = draw(st.dictionaries(st.sampled_from(NAMES), inner, max_size=3))
    required = draw(st.lists(st.sampled_from(sorted(properties)), unique=True)) if properties else []
    schema: Schema = {"type": "object", "properties": properties, "required": required}
    further: Any = draw(st.sampled_from([None, None, False]) | inner)
    return schema if further is None else {**schema, "additionalProperties": further}


def _arrays(inner: st.SearchStrategy[Schema]) -> st.SearchStrategy[Schema]:
    return _with(
        "array",
        prefixItems=st.lists(inner, min_size=1, max_size=2),
        items=inner | st.just(False),
        minItems=st.integers(0, 2),
        maxItems=st.integers(2, 4),
        uniqueItems=st.just(True),
    )


def _inside(inner: st.SearchStrategy[Schema]) -> st.SearchStrategy[Schema]:
    maps = _with("object", additionalProperties=inner, minProperties=st.integers(0, 1), maxProperties=st.integers(1, 3))
    return (
        _objects(inner)
        | _arrays(inner)
        | maps
        | st.lists(inner, min_size=1, max_size=3).map(lambda any_of: {"anyOf": any_of})
    )


SCHEMAS = st.recursive(SCALARS, _inside, max_leaves=5)


@st.composite
def changed(draw: st.DrawFn, schema: Any) -> Any:
    """The schema with a change in it, more often a small one than another schema altogether."""
    if not isinstance(schema, dict) or not schema or draw(st.integers(0, 9)) == 0:
        return draw(SCHEMAS)
    key = draw(st.sampled_from(sorted(schema)))
    value = schema[key]
    if key in ("properties",) and value:
        name = draw(st.sampled_from(sorted(value)))
        return {**schema, key: {**value, name: draw(changed(value[name]))}}
    if key in ("items", "additionalProperties"):
        return {**schema, key: draw(changed(value))}
    if key in ("anyOf", "prefixItems", "enum", "required") and len(value) > 1:
        return {**schema, key: value[1:]}
    if isinstance(value, (int, float)) and key not in ("const", "multipleOf", "uniqueItems"):
        return {**schema, key: value + draw(st.sampled_from([-1, 1])) if value else 1}
    return {name: inner for name, inner in schema.items() if name != key or key in ("const", "enum", "anyOf")}
