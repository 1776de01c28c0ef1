"""Objects: a closed writer, which sends its fields and no others, against a reader that may take more.

A writer that names fields is closed, whether its schema says so or not; one that names none is a map.
"""

from collections.abc import Iterator
from typing import Any

from .defaults import compare_defaults
from .scalars import check_count
from .verdicts import Break, Place, Schema


def check_required(writer: Schema, reader: Schema, place: Place) -> Iterator[Break]:
    """What the reader requires is always sent."""
    always = set(writer.get("required", ()))
    for name in reader.get("required", ()):
        if name in always:
            continue
        if _sent(writer, name) is not False:
            yield place.broken("R2", "the writer may leave it out; the reader requires it", f".{name}")
        elif place.newer == "writer":
            yield place.broken("R3", "the writer no longer sends it; the reader requires it", f".{name}")
        else:
            detail = "the writer does not send it; the reader now requires it, without a default"
            yield place.broken("R2", detail, f".{name}")


def check_fields(writer: Schema, reader: Schema, place: Place) -> Iterator[Break]:
    """What is sent under a name is read there."""
    for name in _names(writer, reader):
        sent, read = _sent(writer, name), _read(reader, name)
        if sent is not False and read is not False:
            yield from place.inside(sent, read, f".{name}")


def check_strangers(writer: Schema, reader: Schema, place: Place) -> Iterator[Break]:
    """A reader that is closed gets no field that it does not know."""
    rule = "R2" if place.newer == "writer" else "R3"
    for name in _names(writer, reader):
        if _sent(writer, name) is not False and _read(reader, name) is False:
            detail = "the writer sends it; the reader does not know it, and refuses unknown fields"
            yield place.broken(rule, detail, f".{name}")


def check_further_names(writer: Schema, reader: Schema, place: Place) -> Iterator[Break]:
    """What a map holds under names of its own is read too."""
    sent, read = _further(writer), reader.get("additionalProperties", True)
    if sent is False:
        return
    if read is False:
        yield place.wider("the writer sends fields under any name; the reader refuses those it does not know")
    else:
        yield from place.inside(sent, read, ".*")


def check_names(writer: Schema, reader: Schema, place: Place) -> Iterator[Break]:
    """The names themselves, where a reader has a schema for them."""
    if "propertyNames" not in reader:
        return
    taken = {"type": "string", **reader["propertyNames"]}
    listed = {"enum": list(writer.get("properties", {}))}
    yield from place.inside(listed, taken, ".*")
    if _further(writer) is not False:
        yield from place.inside({"type": "string", **writer.get("propertyNames", {})}, taken, ".*")


def check_field_count(writer: Schema, reader: Schema, place: Place) -> Iterator[Break]:
    """There are as many fields as the reader takes."""
    least = max(writer.get("minProperties", 0), len(writer.get("required", ())))
    bounds = [writer["maxProperties"]] if "maxProperties" in writer else []
    if _further(writer) is False:
        bounds.append(len(writer["properties"]) if "properties" in writer else 0)
    yield from check_count(least, min(bounds, default=None), reader, place, "Properties", "fields")


def check_defaults(writer: Schema, reader: Schema, place: Place) -> Iterator[Break]:
    """A field that is left out means the same on both sides."""
    always, needed = set(writer.get("required", ())), set(reader.get("required", ()))
    for name, sent in writer.get("properties", {}).items():
        if name in reader.get("properties", {}):
            may_be_left_out = name not in always and name not in needed
            yield from compare_defaults(sent, reader["properties"][name], may_be_left_out, place, f".{name}")


def _names(writer: Schema, reader: Schema) -> list[str]:
    return list({**writer.get("properties", {}), **reader.get("properties", {})})


def _further(writer: Schema) -> Any:
    """What the writer sends under names that it does not list; False for nothing."""
    return writer.get("additionalProperties", "properties" not in writer)


def _sent(writer: Schema, name: str) -> Any:
    return writer.get("properties", {}).get(name, _further(writer))


def _read(reader: Schema, name: str) -> Any:
    return reader.get("properties", {}).get(name, reader.get("additionalProperties", True))
