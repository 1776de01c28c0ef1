"""The part of JSON Schema that the checker knows: what msgspec emits, and `oneOf`. Everything else is refused.

A keyword that is passed over would be a break that nobody sees, so an unknown one is an error and no verdict.
"""

import re
from collections.abc import Iterator
from typing import Any, cast

from .references import pointed, resolved
from .verdicts import Schema, UnknownKeyword

TYPES = ("null", "boolean", "integer", "number", "string", "array", "object")
FORMATS = frozenset(
    {
        *("date-time", "date", "time", "duration", "uuid", "uri", "uri-reference", "email", "hostname", "ipv4", "ipv6"),
        *("partial-time", "decimal"),  # of msgspec, not of JSON Schema
    }
)
"""Formats are assertions here: msgspec refuses a string that breaks one."""

_WORDING = frozenset({"$schema", "$comment", "title", "description", "examples", "deprecated"})
_BESIDE = _WORDING | {"default", "$defs"}
_UNIONS = ("anyOf", "oneOf")
_CHOICES: dict[str, frozenset[str]] = {
    "$ref": _BESIDE,
    "anyOf": _BESIDE | {"discriminator"},
    "oneOf": _BESIDE | {"discriminator"},
    "enum": _BESIDE | {"type"},
    "const": _BESIDE | {"type"},
}
"""Keywords that decide alone, with those that may stand beside them."""
_NUMBERS = frozenset({"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"})
_COUNTS = frozenset({"minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties"})
_CONSTRAINTS = _NUMBERS | _COUNTS | {"pattern", "format", "contentEncoding", "uniqueItems", "required"}
_INSIDE_ONE = ("items", "additionalProperties", "propertyNames")
_INSIDE_LIST = ("anyOf", "oneOf", "prefixItems")
_INSIDE_NAMED = ("properties", "$defs")
_KNOWN = (
    _BESIDE | _CHOICES.keys() | _CONSTRAINTS | {"type", "discriminator", *_INSIDE_ONE, *_INSIDE_LIST, *_INSIDE_NAMED}
)


def refuse_unknown(schema: Any, document: Schema) -> None:
    """Raise UnknownKeyword for anything in the schema, or in what it refers to, that the checker cannot judge."""
    waiting: list[tuple[str, Any, bool]] = [("#", schema, False)]
    seen: set[int] = set()
    while waiting:
        path, one, in_union = waiting.pop()
        if isinstance(one, bool):
            continue
        if not isinstance(one, dict):
            raise UnknownKeyword(path, "a schema that is no object")
        node = cast("Schema", one)
        if in_union and "oneOf" in node:
            raise UnknownKeyword(path, "`oneOf` inside another union")
        if id(node) in seen and not in_union:
            continue
        seen.add(id(node))
        _refuse_here(path, node)
        waiting += _inside(path, node, document, in_union)


def takes_anything(node: Schema) -> bool:
    """Whether a schema (no reference) has wording alone, and so bounds nothing."""
    return all(keyword in _BESIDE or keyword.startswith("x-") for keyword in node)


def _refuse_here(path: str, node: Schema) -> None:
    for keyword in node:
        if keyword not in _KNOWN and not keyword.startswith("x-"):
            raise UnknownKeyword(path, f"the keyword `{keyword}`")
    for choice, beside in _CHOICES.items():
        if choice in node and (others := [key for key in node if key not in {choice, *beside} and key[:2] != "x-"]):
            raise UnknownKeyword(path, f"`{others[0]}` beside `{choice}`")
    _refuse_values(path, node)


def _refuse_values(path: str, node: Schema) -> None:
    types = node.get("type", [])
    for name in cast("list[Any]", types if isinstance(types, list) else [types]):
        if name not in TYPES:
            raise UnknownKeyword(path, f"the type {name!r}")
    if (named := node.get("format", "uuid")) not in FORMATS:
        raise UnknownKeyword(path, f"the format {named!r}")
    if (encoding := node.get("contentEncoding", "base64")) != "base64":
        raise UnknownKeyword(path, f"the content encoding {encoding!r}")
    for value in [*node.get("enum", ()), node.get("const")]:
        if isinstance(value, (list, dict)):
            raise UnknownKeyword(path, "an `enum` or `const` of arrays or objects")
    for keyword in _NUMBERS | _COUNTS:
        if isinstance(bound := node.get(keyword, 0), bool) or not isinstance(bound, (int, float)):
            raise UnknownKeyword(path, f"`{keyword}` that is no number")
    try:
        re.compile(node.get("pattern", ""))
    except re.error as error:
        raise UnknownKeyword(path, f"the pattern {node['pattern']!r} ({error})") from error


def _inside(path: str, node: Schema, document: Schema, in_union: bool) -> Iterator[tuple[str, Any, bool]]:
    if "$ref" in node:
        resolved(node, document)  # refuses one that leads to itself
        yield node["$ref"], pointed(node["$ref"], document), in_union
    for keyword in _INSIDE_ONE:
        if keyword in node:
            yield f"{path}/{keyword}", node[keyword], False
    for keyword in _INSIDE_LIST:
        for number, inner in enumerate(node.get(keyword, ())):
            yield f"{path}/{keyword}/{number}", inner, keyword in _UNIONS
    for keyword in _INSIDE_NAMED:
        for name, inner in node.get(keyword, {}).items():
            yield f"{path}/{keyword}/{name}", inner, False
