"""Names that never come back: `released/tombstones.json`.

A field is named as it reads in JSON, wherever it might stand in its contract, or by a path (`$.data.priority`) where
the same name goes on living elsewhere.
"""

from collections.abc import Iterator
from typing import Any, cast

import msgspec
from waybill_contracts.catalogue import Schema

NESTED = ("items", "additionalProperties", "anyOf", "oneOf", "prefixItems")


class Tombstones(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is reserved or was removed, each with the reason."""

    contracts: dict[str, str] = {}
    fields: dict[str, dict[str, str]] = {}

    def entries(self) -> frozenset[tuple[str, str, str]]:
        """(contract, field or nothing, why) of each."""
        fields = {(contract, name, why) for contract, names in self.fields.items() for name, why in names.items()}
        return frozenset(fields | {(contract, "", why) for contract, why in self.contracts.items()})

    def reason(self, contract: str, path: str) -> str | None:
        """Why the field at a path such as `$.data.dataref` may not be used, or None if it may."""
        names = self.fields.get(contract, {})
        return names.get(path, names.get(path.rpartition(".")[2]))


def fields(schema: Schema) -> frozenset[str]:
    """The paths of all fields that a schema names, as in `$.data.kind`; `[]` stands for an item, `.*` for any key."""
    return frozenset(_fields(schema, schema, "$", ()))


def _fields(whole: Schema, part: Any, path: str, followed: tuple[str, ...]) -> Iterator[str]:
    if isinstance(part, list):
        for each in cast("list[Any]", part):
            yield from _fields(whole, each, path, followed)
    if not isinstance(part, dict):
        return
    view = cast("Schema", part)
    reference = view.get("$ref", "").removeprefix("#/$defs/")
    if reference and reference not in followed:  # a struct inside itself has no fields that are not known by then
        yield from _fields(whole, whole["$defs"][reference], path, (*followed, reference))
    for name, inner in view.get("properties", {}).items():
        yield f"{path}.{name}"
        yield from _fields(whole, inner, f"{path}.{name}", followed)
    for keyword in NESTED:
        step = {"items": "[]", "prefixItems": "[]", "additionalProperties": ".*"}.get(keyword, "")
        yield from _fields(whole, view.get(keyword), path + step, followed)
