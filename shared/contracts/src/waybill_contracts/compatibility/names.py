"""Names of fields: which a schema has, which are gone, and which may not come back (R3).

A reserved name reads as in JSON, wherever it might stand in its contract, or as a path (`$.data.priority`) where the
same name goes on living elsewhere.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from .references import resolved
from .verdicts import Break, Schema

_NOTHING_RESERVED: Mapping[str, str] = {}


def tombstone_breaks(schema: Schema, reserved: Mapping[str, str]) -> list[Break]:
    """The fields of a schema whose names are reserved, or were removed; `reserved` tells why by name or path."""
    return [
        Break("R3", path, f"the schema has `{path}`; its name is reserved and never returns: {why}")
        for path in field_paths(schema, schema)
        if (why := _reason(path, reserved)) is not None
    ]


def removal_breaks(old: Schema, new: Schema, reserved: Mapping[str, str] = _NOTHING_RESERVED) -> list[Break]:
    """The fields that a newer version of a schema has no more, without a tombstone that keeps their names."""
    return removals((old, old), (new, new), reserved, "$")


def removals(old: tuple[Any, Schema], new: tuple[Any, Schema], reserved: Mapping[str, str], start: str) -> list[Break]:
    """As `removal_breaks`, for schemas inside documents; of a field with fields inside, only itself is told."""
    here = dict.fromkeys(field_paths(*new, start))
    gone: list[str] = []
    for path in field_paths(*old, start):
        if path not in here and not any(path.startswith((f"{one}.", f"{one}[")) for one in gone):
            gone.append(path)
    return [
        Break("R3", path, f"the old version has `{path}`; the new one has not, and no tombstone keeps its name")
        for path in gone
        if _reason(path, reserved) is None
    ]


def field_paths(schema: Any, document: Schema, start: str = "$") -> list[str]:
    """The paths of all fields, as `$.data.kind`; `[]` is an element, `[0]` the first, `.*` any further name."""
    return list(dict.fromkeys(_paths(schema, document, start, ())))


def _reason(path: str, reserved: Mapping[str, str]) -> str | None:
    return reserved.get(path, reserved.get(path.rpartition(".")[2]))


def _paths(schema: Any, document: Schema, path: str, above: tuple[int, ...]) -> Iterator[str]:
    node = resolved(schema, document)
    if id(node) in above:  # a struct inside itself has no fields that are not known by then
        return
    for step, inner in _steps(node):
        if step.startswith(".") and step != ".*":
            yield path + step
        yield from _paths(inner, document, path + step, (*above, id(node)))


def _steps(node: Schema) -> Iterator[tuple[str, Any]]:
    for keyword in ("anyOf", "oneOf"):
        yield from (("", inner) for inner in node.get(keyword, ()))
    yield from ((f".{name}", inner) for name, inner in node.get("properties", {}).items())
    yield from ((f"[{index}]", inner) for index, inner in enumerate(node.get("prefixItems", ())))
    yield from (
        (step, node[keyword]) for keyword, step in (("items", "[]"), ("additionalProperties", ".*")) if keyword in node
    )
