"""Edits that break nothing, in either direction."""

import enum
from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from shared.contracts.tests.compatibility.edit import Edit
from shared.contracts.tests.compatibility.shipments import FIELDS, Pallet, Parcel, Stop, shipment


class StopWithGate(Struct):
    city: Annotated[str, Meta(max_length=80)]
    minutes: int = 0
    gate: str | None = None


class Mode(enum.Enum):
    ROAD = "road"
    RAIL = "rail"
    SEA = "sea"


class Described(Struct):
    """Where a lorry stops."""

    city: Annotated[str, Meta(max_length=80, title="City", description="As on the sign", examples=["Ulm"])]
    minutes: Annotated[int, Meta(description="How long")] = 0


Renamed = msgspec.defstruct("Halt", [("city", Annotated[str, Meta(max_length=80)]), ("minutes", int, 0)])


class SwappedStop(Struct, kw_only=True):
    minutes: int = 0
    city: Annotated[str, Meta(max_length=80)]


class SignedLeg(Struct):
    carrier: str
    next: "SignedLeg | None" = None
    signed_by: str | None = None


class PalletWithColour(Struct, tag="pallet"):
    height_mm: int
    stackable: bool = False
    colour: str = "wood"


class LongPosition(Struct, array_like=True):
    latitude: float
    longitude: float
    height: int = 0
    accuracy: float = 1.0


HARMLESS_EDITS = [
    Edit(what="an optional field with a default is added", after=shipment(volume=(int, 0))),
    Edit(
        what="a field is added that is left out where there is nothing", after=shipment(volume=(int | UnsetType, UNSET))
    ),
    Edit(what="an empty list is added", after=shipment(attachments=(list[str], msgspec.field(default_factory=list)))),
    Edit(what="an optional struct is added", after=shipment(origin=(Stop | None, None))),
    Edit(
        what="an optional field is added to a list's elements",
        after=shipment(stops=Annotated[list[StopWithGate], Meta(min_length=1, max_length=9)]),
    ),
    Edit(what="an optional field is added to a branch of a union", after=shipment(cargo=Parcel | PalletWithColour)),
    Edit(what="an optional field is added to a struct inside itself", after=shipment(route=SignedLeg)),
    Edit(
        what="a position with a default is added to a struct that travels as an array",
        after=shipment(position=LongPosition),
    ),
    Edit(
        what="a required field gets a default, and is written all the same", after=shipment(grams=(FIELDS["grams"], 5))
    ),
    Edit(what="a field that is always written loses its default", after=shipment(priority=int)),
    Edit(
        what="titles, descriptions and examples change",
        after=shipment(stops=Annotated[list[Described], Meta(min_length=1, max_length=9)]),
    ),
    Edit(what="a struct is renamed", after=shipment(stops=Annotated[list[Renamed], Meta(min_length=1, max_length=9)])),
    Edit(what="the whole struct is renamed", after=shipment(name="Consignment")),
    Edit(
        what="fields change places",
        after=shipment(stops=Annotated[list[SwappedStop], Meta(min_length=1, max_length=9)]),
    ),
    Edit(
        what="a struct that is used twice becomes two",
        before=shipment(origin=Stop, target=Stop),
        after=shipment(origin=Stop, target=Renamed),
    ),
    Edit(
        what="bounds are added that bound nothing",
        before=shipment(remarks=list[str]),
        after=shipment(remarks=Annotated[list[Annotated[str, Meta(min_length=0)]], Meta(min_length=0)]),
    ),
    Edit(what="the branches of a union change places", after=shipment(cargo=Pallet | Parcel)),
    Edit(what="literals become an enum", after=shipment(mode=Mode)),
    Edit(what="a bound is said in other words", after=shipment(grams=Annotated[int, Meta(gt=0, lt=30_000_001)])),
]
