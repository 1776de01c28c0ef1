"""Arrays: each position, the rest, how many, and whether all differ. Structs that travel as arrays are here too."""

from collections.abc import Iterator
from typing import Any

from .defaults import compare_defaults
from .scalars import check_count
from .verdicts import Break, Place, Schema


def check_positions(writer: Schema, reader: Schema, place: Place) -> Iterator[Break]:
    """What stands at a fixed position is read there."""
    longest = _longest(writer)
    for index in range(max(len(writer.get("prefixItems", ())), len(reader.get("prefixItems", ())))):
        if longest is None or index < longest:
            yield from place.inside(_at(writer, index), _at(reader, index), f"[{index}]")


def check_rest(writer: Schema, reader: Schema, place: Place) -> Iterator[Break]:
    """What stands after the fixed positions is read there."""
    fixed = max(len(writer.get("prefixItems", ())), len(reader.get("prefixItems", ())))
    longest = _longest(writer)
    if longest is None or longest > fixed:
        yield from place.inside(writer.get("items", True), reader.get("items", True), "[]")


def check_element_count(writer: Schema, reader: Schema, place: Place) -> Iterator[Break]:
    """There are as many elements as the reader takes."""
    yield from check_count(writer.get("minItems", 0), _longest(writer), reader, place, "Items", "elements")


def check_unique(writer: Schema, reader: Schema, place: Place) -> Iterator[Break]:
    """A reader of a set may get no element twice."""
    longest = _longest(writer)
    may_repeat = longest is None or longest > 1
    if reader.get("uniqueItems") and not writer.get("uniqueItems") and may_repeat:
        yield place.wider("the writer may send an element twice; the reader takes each once")


def check_position_defaults(writer: Schema, reader: Schema, place: Place) -> Iterator[Break]:
    """A position that is left out means the same on both sides."""
    positions = zip(writer.get("prefixItems", ()), reader.get("prefixItems", ()), strict=False)
    for index, (mine, theirs) in enumerate(positions):
        may_be_left_out = reader.get("minItems", 0) <= index and writer.get("minItems", 0) <= index
        yield from compare_defaults(mine, theirs, may_be_left_out, place, f"[{index}]")


def _at(schema: Schema, index: int) -> Any:
    fixed = schema.get("prefixItems", ())
    return fixed[index] if index < len(fixed) else schema.get("items", True)


def _longest(schema: Schema) -> int | None:
    """The most elements that an array of this schema has; None for no bound."""
    bounds = [schema["maxItems"]] if "maxItems" in schema else []
    if schema.get("items") is False:
        bounds.append(len(schema.get("prefixItems", ())))
    return min(bounds, default=None)
