"""R4: what a field that is left out means, to the writer and to the reader."""

from collections.abc import Iterator
from typing import Any, cast

import msgspec
from msgspec import UNSET

from .values import is_same
from .verdicts import Break, Place, Schema


def compare_defaults(writer: Any, reader: Any, may_be_left_out: bool, place: Place, step: str) -> Iterator[Break]:
    """Two defaults that differ are always a break: some document, of some version, lacks the field.

    One default alone is a break where the writer may leave the field out, since both sides then read it differently.
    """
    mine, theirs = _default(writer), _default(reader)
    if mine is UNSET and theirs is UNSET:
        return
    one_alone = mine is UNSET or theirs is UNSET
    if may_be_left_out if one_alone else not is_same(mine, theirs):
        said = f"left out, it is {_words(mine)} to the writer and {_words(theirs)} to the reader"
        yield place.broken("R4", said, step)


def _default(schema: Any) -> Any:
    return cast("Schema", schema).get("default", UNSET) if isinstance(schema, dict) else UNSET


def _words(default: Any) -> str:
    return "absent" if default is UNSET else msgspec.json.encode(default).decode()
