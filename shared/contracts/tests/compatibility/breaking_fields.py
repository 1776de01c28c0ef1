"""Breaking edits of fields: gone, renamed, retyped, newly required, with another default; and of unions."""

from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from shared.contracts.tests.compatibility.edit import Edit
from shared.contracts.tests.compatibility.shipments import FIELDS, Pallet, Parcel, Stop, shipment


class SlowStop(Struct):
    city: Annotated[str, Meta(max_length=80)]
    minutes: int = 15


class Container(Struct, tag="container"):
    number: str


class Skid(Struct, tag="skid"):
    height_mm: int
    stackable: bool = False


class BriefPosition(Struct, array_like=True, omit_defaults=True):
    latitude: float
    longitude: float
    height: int = 0


class BriefHigherPosition(Struct, array_like=True, omit_defaults=True):
    latitude: float
    longitude: float
    height: int = 1


class Terse(Struct, omit_defaults=True):
    limit: int = 10


class TerseWithoutDefault(Struct, omit_defaults=True):
    limit: int | UnsetType = UNSET


FIELD_EDITS = [
    Edit(
        what="a required field is removed",
        after=shipment("reference"),
        old_reader=["R3 $.reference"],
        gone=["R3 $.reference"],
    ),
    Edit(what="an optional field is removed without a tombstone", after=shipment("priority"), gone=["R3 $.priority"]),
    Edit(
        what="a field is renamed",
        after=shipment("grams", weight=int),
        new_reader=["R2 $.weight"],
        old_reader=["R3 $.grams"],
        gone=["R3 $.grams"],
    ),
    Edit(
        what="an integer becomes a string",
        after=shipment(grams=str),
        new_reader=["R3 $.grams"],
        old_reader=["R3 $.grams"],
    ),
    Edit(
        what="a list becomes its only element",
        after=shipment(stops=Stop),
        new_reader=["R3 $.stops"],
        old_reader=["R3 $.stops"],
        gone=["R3 $.stops[].city", "R3 $.stops[].minutes"],
    ),
    Edit(
        what="an integer becomes a float",
        before=shipment(grams=int),
        after=shipment(grams=float),
        old_reader=["R3 $.grams"],
    ),
    Edit(what="a required field is added", after=shipment(weight=int), new_reader=["R2 $.weight"]),
    Edit(what="a field that may be left out becomes required", after=shipment(note=str), new_reader=["R2 $.note"]),
    Edit(
        what="a required field may be left out",
        after=shipment(reference=(FIELDS["reference"] | UnsetType, UNSET)),
        old_reader=["R2 $.reference"],
    ),
    Edit(
        what="a default changes",
        after=shipment(priority=(int, 1)),
        new_reader=["R4 $.priority"],
        old_reader=["R4 $.priority"],
    ),
    Edit(
        what="a default inside a list's elements changes",
        after=shipment(stops=Annotated[list[SlowStop], Meta(min_length=1, max_length=9)]),
        new_reader=["R4 $.stops[].minutes"],
        old_reader=["R4 $.stops[].minutes"],
    ),
    Edit(
        what="a default is dropped, of a field that is left out where it has it",
        before=Terse,
        after=TerseWithoutDefault,
        new_reader=["R4 $.limit"],
        old_reader=["R4 $.limit"],
    ),
    Edit(
        what="what is left out gets a default",
        after=shipment(note=(str | None, None)),
        new_reader=["R4 $.note"],
        old_reader=["R5 $.note"],
    ),
    Edit(
        what="a default of a struct that travels as an array changes",
        before=BriefPosition,
        after=BriefHigherPosition,
        new_reader=["R4 $[2]"],
        old_reader=["R4 $[2]"],
    ),
    Edit(
        what="an enum grows",
        after=shipment(mode=Literal["road", "rail", "sea", "air"]),
        old_reader=["R5 $.mode"],
    ),
    Edit(what="an enum shrinks", after=shipment(mode=Literal["road", "rail"]), new_reader=["R7 $.mode"]),
    Edit(
        what="an enum is spelled anew",
        after=shipment(mode=Literal["ROAD", "RAIL", "SEA"]),
        new_reader=["R3 $.mode"],
        old_reader=["R3 $.mode"],
    ),
    Edit(what="an enum becomes any string", after=shipment(mode=str), old_reader=["R5 $.mode"]),
    Edit(what="a union grows", after=shipment(cargo=Parcel | Pallet | Container), old_reader=["R5 $.cargo"]),
    Edit(
        what="a union shrinks",
        before=shipment(cargo=Parcel | Pallet | Container),
        after=shipment(),
        new_reader=["R7 $.cargo"],
        gone=["R3 $.cargo.number"],
    ),
    Edit(
        what="a tag is renamed",
        after=shipment(cargo=Parcel | Skid),
        new_reader=["R7 $.cargo"],
        old_reader=["R5 $.cargo"],
    ),
]
