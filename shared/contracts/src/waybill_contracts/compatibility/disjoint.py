"""Whether no document fits two alternatives: how a tag tells the branches of a union apart.

A `true` is certain. A `false` may only mean that it could not be shown.
"""

from typing import Any

from .alternatives import Alternative, alternatives
from .verdicts import Schema

_MAX_DEPTH = 4
"""Tags lie at the top; recursive structs end here."""


class Documents:
    """The two documents that references lead into."""

    def __init__(self, writer: Schema, reader: Schema) -> None:
        self.writer = writer
        self.reader = reader


def are_disjoint(writer: Alternative, reader: Alternative, documents: Documents, depth: int = 0) -> bool:
    """Whether nothing that the writer's alternative allows is allowed by the reader's."""
    if writer.values is not None:
        return not any(reader.takes(value) for value in writer.values)
    if reader.values is not None:
        return not any(writer.takes(value) for value in reader.values)
    if {writer.type, reader.type} == {"integer", "number"}:
        return False
    if writer.type != reader.type:
        return True
    return writer.type == "object" and _has_telling_field(writer.schema, reader.schema, documents, depth)


def _has_telling_field(writer: Schema, reader: Schema, documents: Documents, depth: int) -> bool:
    """Whether a field that one of both requires has no value in common, as a tag has."""
    if depth >= _MAX_DEPTH:
        return False
    sent, read = writer.get("properties", {}), reader.get("properties", {})
    required = {*writer.get("required", ()), *reader.get("required", ())}
    return any(
        _have_nothing_in_common(sent[name], read[name], documents, depth + 1)
        for name in required
        if name in sent and name in read
    )


def _have_nothing_in_common(writer: Any, reader: Any, documents: Documents, depth: int) -> bool:
    theirs = alternatives(reader, documents.reader)
    return all(
        are_disjoint(one, other, documents, depth) for one in alternatives(writer, documents.writer) for other in theirs
    )
