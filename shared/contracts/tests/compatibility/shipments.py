"""A struct with one field of each sort, and how to change it: the "before" of the canned edits."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType


class Stop(Struct):
    city: Annotated[str, Meta(max_length=80)]
    minutes: int = 0


class Parcel(Struct, tag="parcel"):
    grams: int


class Pallet(Struct, tag="pallet"):
    height_mm: int
    stackable: bool = False


class Leg(Struct):
    carrier: str
    next: "Leg | None" = None


class Position(Struct, array_like=True):
    latitude: float
    longitude: float
    height: int = 0


FIELDS: dict[str, Any] = {
    "shipment_id": UUID,
    "reference": Annotated[str, Meta(min_length=1, max_length=64)],
    "mode": Literal["road", "rail", "sea"],
    "grams": Annotated[int, Meta(ge=1, le=30_000_000)],
    "litres": Annotated[float, Meta(gt=0, multiple_of=0.5)],
    "due_at": Annotated[datetime, Meta(tz=True)],
    "code": Annotated[str, Meta(pattern="^[A-Z]{2}$")],
    "seal": bytes,
    "stops": Annotated[list[Stop], Meta(min_length=1, max_length=9)],
    "size_mm": tuple[int, int, int],
    "labels": Annotated[dict[str, str], Meta(max_length=8)],
    "marks": dict[Annotated[str, Meta(max_length=8)], int],
    "handlers": set[str],
    "cargo": Parcel | Pallet,
    "route": Leg,
    "position": Position,
    "extra": Any,
    "insured": (float | None, None),
    "priority": (int, 0),
    "note": (str | UnsetType, UNSET),
}
"""Name to type, or to type and default."""


def shipment(*without: str, name: str = "Shipment", **changed: Any) -> type[Struct]:
    """The struct without some fields, and with others changed or added (at the end)."""
    fields = {key: value for key, value in {**FIELDS, **changed}.items() if key not in without}
    listed = [(key, *value) if isinstance(value, tuple) else (key, value) for key, value in fields.items()]
    return msgspec.defstruct(name, listed, kw_only=True, module=__name__)


BEFORE = shipment()
