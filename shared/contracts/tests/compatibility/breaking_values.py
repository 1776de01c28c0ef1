"""Breaking edits of what a field may hold: null, bounds, lengths, patterns, formats, elements, maps."""

from typing import Annotated
from uuid import UUID

from msgspec import Meta, Struct

from shared.contracts.tests.compatibility.edit import Edit
from shared.contracts.tests.compatibility.shipments import FIELDS, Stop, shipment


class ShortStop(Struct):
    city: Annotated[str, Meta(max_length=40)]
    minutes: int = 0


class NamelessStop(Struct):
    minutes: int = 0


class NumberedLeg(Struct):
    carrier: int
    next: "NumberedLeg | None" = None


class StrictStop(Struct, forbid_unknown_fields=True):
    city: Annotated[str, Meta(max_length=80)]


VALUE_EDITS = [
    Edit(what="null is allowed", after=shipment(due_at=FIELDS["due_at"] | None), old_reader=["R5 $.due_at"]),
    Edit(
        what="null is no longer allowed",
        before=shipment(insured=float | None),
        after=shipment(insured=float),
        new_reader=["R7 $.insured"],
    ),
    Edit(
        what="a greatest length is lowered",
        after=shipment(reference=Annotated[str, Meta(min_length=1, max_length=40)]),
        new_reader=["R7 $.reference"],
    ),
    Edit(
        what="a greatest length is raised",
        after=shipment(reference=Annotated[str, Meta(min_length=1, max_length=100)]),
        old_reader=["R5 $.reference"],
    ),
    Edit(
        what="a least length is raised",
        after=shipment(reference=Annotated[str, Meta(min_length=2, max_length=64)]),
        new_reader=["R7 $.reference"],
    ),
    Edit(
        what="a least number is raised",
        after=shipment(grams=Annotated[int, Meta(gt=1, le=30_000_000)]),
        new_reader=["R7 $.grams"],
    ),
    Edit(
        what="a greatest number is given up",
        after=shipment(grams=Annotated[int, Meta(ge=1)]),
        old_reader=["R5 $.grams"],
    ),
    Edit(
        what="zero is taken in",
        after=shipment(litres=Annotated[float, Meta(ge=0, multiple_of=0.5)]),
        old_reader=["R5 $.litres"],
    ),
    Edit(
        what="a step becomes coarser",
        after=shipment(litres=Annotated[float, Meta(gt=0, multiple_of=1.5)]),
        new_reader=["R7 $.litres"],
    ),
    Edit(
        what="a pattern changes",
        after=shipment(code=Annotated[str, Meta(pattern="^[A-Z]{2,3}$")]),
        new_reader=["R7 $.code"],
        old_reader=["R5 $.code"],
    ),
    Edit(
        what="a pattern is added",
        after=shipment(reference=Annotated[str, Meta(min_length=1, max_length=64, pattern="^[a-z]+$")]),
        new_reader=["R7 $.reference"],
    ),
    Edit(what="a format is given up", after=shipment(shipment_id=str), old_reader=["R5 $.shipment_id"]),
    Edit(
        what="a format is added",
        before=shipment(reference=str),
        after=shipment(reference=UUID),
        new_reader=["R7 $.reference"],
    ),
    Edit(what="any string is sent where base64 was", after=shipment(seal=str), old_reader=["R5 $.seal"]),
    Edit(
        what="a field inside a list's elements is removed",
        after=shipment(stops=Annotated[list[NamelessStop], Meta(min_length=1, max_length=9)]),
        old_reader=["R3 $.stops[].city"],
        gone=["R3 $.stops[].city"],
    ),
    Edit(
        what="a bound inside a list's elements is tightened",
        after=shipment(stops=Annotated[list[ShortStop], Meta(min_length=1, max_length=9)]),
        new_reader=["R7 $.stops[].city"],
    ),
    Edit(
        what="a reader refuses unknown fields",
        after=shipment(stops=Annotated[list[StrictStop], Meta(min_length=1, max_length=9)]),
        new_reader=["R3 $.stops[].minutes"],
        gone=["R3 $.stops[].minutes"],
    ),
    Edit(
        what="a field is sent to a reader that refuses unknown ones",
        before=shipment(stops=list[StrictStop]),
        after=shipment(stops=list[Stop]),
        old_reader=["R2 $.stops[].minutes"],
    ),
    Edit(
        what="a list may be longer",
        after=shipment(stops=Annotated[list[Stop], Meta(min_length=1, max_length=10)]),
        old_reader=["R5 $.stops"],
    ),
    Edit(
        what="a list becomes a set",
        before=shipment(handlers=list[str]),
        after=shipment(),
        new_reader=["R7 $.handlers"],
    ),
    Edit(what="elements may come twice", after=shipment(handlers=list[str]), old_reader=["R5 $.handlers"]),
    Edit(
        what="a tuple gets longer",
        after=shipment(size_mm=tuple[int, int, int, int]),
        new_reader=["R7 $.size_mm"],
        old_reader=["R3 $.size_mm[3]", "R5 $.size_mm"],
    ),
    Edit(
        what="a position is retyped",
        after=shipment(size_mm=tuple[int, int, str]),
        new_reader=["R3 $.size_mm[2]"],
        old_reader=["R3 $.size_mm[2]"],
    ),
    Edit(
        what="the values of a map are retyped",
        after=shipment(labels=Annotated[dict[str, int], Meta(max_length=8)]),
        new_reader=["R3 $.labels.*"],
        old_reader=["R3 $.labels.*"],
    ),
    Edit(
        what="the names in a map get longer",
        after=shipment(marks=dict[Annotated[str, Meta(max_length=9)], int]),
        old_reader=["R5 $.marks.*"],
    ),
    Edit(what="a map may be larger", after=shipment(labels=dict[str, str]), old_reader=["R5 $.labels"]),
    Edit(
        what="a field is retyped in a struct inside itself",
        after=shipment(route=NumberedLeg),
        new_reader=["R3 $.route.carrier"],
        old_reader=["R3 $.route.carrier"],
    ),
    Edit(
        what="anything becomes a string",
        after=shipment(extra=str),
        new_reader=["R7 $.extra"],
    ),
]
