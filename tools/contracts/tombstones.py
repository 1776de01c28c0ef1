"""Names that never come back, as `released/tombstones.json` keeps them, and the fields that a schema names."""

from typing import Any, Literal

import msgspec
from waybill_contracts.catalogue import Schema
from waybill_contracts.compatibility import Tombstones, field_paths

__all__ = ["Tombstones", "entries", "fields", "read"]

_decoder = msgspec.json.Decoder(dict[Literal["contracts", "fields"], Any])


def read(content: bytes) -> Tombstones:
    """Tombstones from JSON. Raises msgspec's errors, also for a member that is neither contracts nor fields."""
    return msgspec.convert(_decoder.decode(content), Tombstones)


def entries(stones: Tombstones) -> frozenset[tuple[str, str, str]]:
    """(contract, field or nothing, why) of each."""
    fields = {(contract, name, why) for contract, names in stones.fields.items() for name, why in names.items()}
    return frozenset(fields | {(contract, "", why) for contract, why in stones.contracts.items()})


def fields(schema: Schema) -> frozenset[str]:
    """The paths of all fields that a schema names, as in `$.data.kind`."""
    return frozenset(field_paths(schema, schema))
