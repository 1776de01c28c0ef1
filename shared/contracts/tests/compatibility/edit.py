"""One canned edit of a struct: what it breaks, in both directions, or that it breaks nothing."""

from functools import cache
from typing import Any

from msgspec import Struct
from waybill_contracts.catalogue import Schema, reader_schema, writer_schema
from waybill_contracts.compatibility import breaks, removal_breaks

from shared.contracts.tests.compatibility.shipments import BEFORE


class Edit(Struct, kw_only=True):
    """Verdicts read `R3 $.path`."""

    what: str
    after: type[Struct]
    before: type[Struct] = BEFORE
    new_reader: list[str] = []
    """What breaks where the old version writes and the new one reads."""
    old_reader: list[str] = []
    """What breaks where the new version writes and the old one reads."""
    gone: list[str] = []
    """Names that only a tombstone may take away."""


def verdicts(edit: Edit) -> tuple[list[str], list[str], list[str]]:
    return new_reader(edit), old_reader(edit), gone(edit)


def new_reader(edit: Edit) -> list[str]:
    return short(breaks(views(edit.before)[0], views(edit.after)[1], newer="reader"))


def old_reader(edit: Edit) -> list[str]:
    return short(breaks(views(edit.after)[0], views(edit.before)[1], newer="writer"))


def gone(edit: Edit) -> list[str]:
    return short(removal_breaks(views(edit.before)[1], views(edit.after)[1]))


@cache
def views(struct: type[Struct]) -> tuple[Schema, Schema]:
    return writer_schema(struct), reader_schema(struct)


def short(found: list[Any]) -> list[str]:
    return [f"{one.rule} {one.path}" for one in found]
