"""The documents that a closed writer may write, made from the keywords of its schema alone: nothing of the checker."""

import json
from typing import Any

from hypothesis import strategies as st
from waybill_contracts.catalogue import Schema

VALUES = [None, True, False, 0, 1, 2, "x", "y", ""]
NAMES = ["a", "b", "c", "k", "l"]
ANYTHING = st.recursive(
    st.sampled_from(VALUES),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=2),
    max_leaves=3,
)
FORMATS = {
    "uuid": st.uuids().map(str),
    "date": st.dates().map(str),
    "date-time": st.datetimes().map(lambda at: f"{at.isoformat()}Z"),
}


def documents(schema: Schema) -> st.SearchStrategy[Any]:
    """Nothing for a schema that allows nothing."""
    return _Writer(schema).any_of(schema)


class _Writer:
    """Makes strategies of the schemas in one document; a struct inside itself has one strategy."""

    def __init__(self, root: Schema) -> None:
        self.root = root
        self.named: dict[str, st.SearchStrategy[Any]] = {}

    def any_of(self, schema: Any) -> st.SearchStrategy[Any]:
        if isinstance(schema, bool):
            return ANYTHING if schema else st.nothing()
        if "$ref" in schema:
            return self.referred(schema["$ref"].removeprefix("#/$defs/"))
        for union in ("anyOf", "oneOf"):
            if union in schema:
                return st.one_of([self.any_of(branch) for branch in schema[union]])
        if "enum" in schema or "const" in schema:
            return st.sampled_from(schema.get("enum") or [schema.get("const")])
        types = schema.get("type", ["null", "boolean", "number", "string", "array", "object"])
        return st.one_of([getattr(self, f"_{kind}")(schema) for kind in ([types] if isinstance(types, str) else types)])

    def referred(self, name: str) -> st.SearchStrategy[Any]:
        if name not in self.named:
            self.named[name] = st.deferred(lambda: self.any_of(self.root["$defs"][name]))
        return self.named[name]

    def _null(self, _schema: Schema) -> st.SearchStrategy[Any]:
        return st.none()

    def _boolean(self, _schema: Schema) -> st.SearchStrategy[Any]:
        return st.booleans()

    def _string(self, schema: Schema) -> st.SearchStrategy[Any]:
        least = schema.get("minLength", 0)
        most = schema.get("maxLength", least + 4)
        if "format" in schema:
            found = FORMATS[schema["format"]]
        elif "pattern" in schema:
            found = st.from_regex(schema["pattern"])
        elif "contentEncoding" in schema:
            found = st.sampled_from(["", "QQ==", "QUJD"])
        else:
            found = st.text("xyz", min_size=least, max_size=most) if least <= most else st.nothing()
        return found.filter(lambda text: least <= len(text) <= schema.get("maxLength", len(text)))

    def _integer(self, schema: Schema) -> st.SearchStrategy[Any]:
        return _numbers(schema, 1).filter(lambda number: number == int(number)).map(int)

    def _number(self, schema: Schema) -> st.SearchStrategy[Any]:
        return _numbers(schema, 0.25)

    def _array(self, schema: Schema) -> st.SearchStrategy[Any]:
        prefix = [self.any_of(one) for one in schema.get("prefixItems", [])]
        rest = self.any_of(schema.get("items", True))
        least = schema.get("minItems", 0)
        most = schema.get("maxItems", max(least, len(prefix) + 2))
        lengths = [st.tuples(*[*prefix, *[rest] * length][:length]).map(list) for length in range(least, most + 1)]
        return st.one_of(lengths).filter(lambda elements: not schema.get("uniqueItems") or _is_unique(elements))

    def _object(self, schema: Schema) -> st.SearchStrategy[Any]:
        named = {name: self.any_of(one) for name, one in schema.get("properties", {}).items()}
        required = {name: named[name] for name in schema.get("required", [])}
        optional = {name: one for name, one in named.items() if name not in required}
        further = schema.get("additionalProperties", "properties" not in schema)
        others = [name for name in NAMES if name not in named] if further is not False else []
        optional |= {name: self.any_of(further) for name in others}
        found = st.fixed_dictionaries(
            required, optional={name: one for name, one in optional.items() if not one.is_empty}
        )
        most = schema.get("maxProperties", len(NAMES) + len(named))
        return found.filter(lambda document: schema.get("minProperties", 0) <= len(document) <= most)


def _numbers(schema: Schema, step: float) -> st.SearchStrategy[Any]:
    """Some numbers by the schema, near its bounds."""
    each = schema.get("multipleOf", step)
    low = max(schema.get("minimum", -2), schema.get("exclusiveMinimum", -2))
    high = min(schema.get("maximum", 10**9), schema.get("exclusiveMaximum", 10**9), low + 8)
    first = -(-low // each)
    listed = [each * (first + index) for index in range(int((high - low) / each) + 2)]
    found = [number for number in listed if low <= number <= high and _is_inside(number, schema)]
    return st.sampled_from(found) if found else st.nothing()


def _is_inside(number: float, schema: Schema) -> bool:
    return number > schema.get("exclusiveMinimum", number - 1) and number < schema.get("exclusiveMaximum", number + 1)


def _is_unique(elements: list[Any]) -> bool:
    return len({json.dumps(one, sort_keys=True) for one in elements}) == len(elements)
