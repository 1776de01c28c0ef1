"""A schema taken apart: unions, enums and lists of types become a flat list of alternatives."""

from collections.abc import Iterator
from typing import Any

import msgspec
from msgspec import Struct

from .references import resolved
from .values import is_of_type, is_same, is_within
from .verdicts import Schema

_ANY = ("null", "boolean", "number", "string", "array", "object")
_VALUES_OF: dict[str, tuple[Any, ...]] = {"null": (None,), "boolean": (False, True)}


class Alternative(Struct, frozen=True):
    """One JSON type with its constraints, or a list of values (of an enum; `null` and booleans too)."""

    type: str
    schema: Schema
    branch: int
    """Which branch of the union it came from."""
    values: tuple[Any, ...] | None = None

    def takes(self, value: Any) -> bool:
        """Whether a scalar is one of what this alternative allows."""
        if self.values is not None:
            return any(is_same(value, each) for each in self.values)
        return is_of_type(value, self.type) and is_within(value, self.schema)

    def describe(self) -> str:
        """For people: `string`, the values, or an object by its title."""
        if self.values is None:
            return f"{self.type} {self.schema['title']}" if "title" in self.schema else self.type
        return ", ".join(msgspec.json.encode(value).decode() for value in self.values)


def alternatives(schema: Any, document: Schema, branch: int | None = None) -> list[Alternative]:
    """All alternatives of a schema; none for `false`."""
    node = resolved(schema, document)
    found: list[Alternative] = []
    for keyword in ("anyOf", "oneOf"):
        for number, inner in enumerate(node.get(keyword, ())):
            found += alternatives(inner, document, number if branch is None else branch)
    if "anyOf" in node or "oneOf" in node:
        return found
    return list(_simple(node, branch or 0))


def single(choices: list[Alternative]) -> list[Alternative]:
    """The same, with one alternative for each value."""
    return [
        each
        for one in choices
        for each in (
            [one]
            if one.values is None
            else [Alternative("value", one.schema, one.branch, (value,)) for value in one.values]
        )
    ]


def describe(choices: list[Alternative]) -> str:
    """For people: what a schema allows, in short."""
    return " or ".join(choice.describe() for choice in choices) or "nothing"


def _simple(node: Schema, branch: int) -> Iterator[Alternative]:
    named = node.get("type", _ANY)
    types: tuple[str, ...] = (named,) if isinstance(named, str) else tuple(named)
    if "enum" in node or "const" in node:
        listed = node["enum"] if "enum" in node else [node["const"]]
        fitting = tuple(value for value in listed if any(is_of_type(value, name) for name in types))
        if fitting:
            yield Alternative("value", node, branch, fitting)
        return
    for name in types:
        if name in _VALUES_OF:
            yield Alternative("value", node, branch, _VALUES_OF[name])
        else:
            yield Alternative(name, node, branch)
