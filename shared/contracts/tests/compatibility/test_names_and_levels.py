"""Names that may not come back, names that may not go, and what a change deserves to be called."""

import msgspec
import pytest
from waybill_contracts.catalogue import catalogue
from waybill_contracts.compatibility import (
    Break,
    ContractBreak,
    Judgement,
    Tombstones,
    View,
    judge,
    removal_breaks,
    tombstone_breaks,
)

from shared.contracts.tests.compatibility.edit import short, views
from shared.contracts.tests.compatibility.shipments import BEFORE, shipment

OLD = {"shipment.v1": View(*views(BEFORE)), "error.v1": View(*views(shipment("cargo")))}
WIDER = View(*views(shipment(volume=(int, 0))))
NONE = Tombstones()


def changed(**views: View | None):
    """The old contracts with some changed, added or gone; `__` stands for a dot."""
    named = {name.replace("__", "."): view for name, view in views.items()}
    return {name: view for name, view in {**OLD, **named}.items() if view is not None}


def test_nothing_but_wording_changed_is_a_patch():
    renamed = changed(shipment__v1=View(*views(shipment(name="Shipment"))))
    assert judge(OLD, renamed, NONE) == Judgement("patch", [])


def test_a_compatible_change_is_minor():
    assert judge(OLD, changed(shipment__v1=WIDER), NONE) == Judgement("minor", [])


def test_a_new_name_is_minor():
    assert judge(OLD, changed(parcel__v1=WIDER), NONE) == Judgement("minor", [])


def test_a_next_version_of_a_name_is_major():
    assert judge(OLD, changed(shipment__v2=View(*views(shipment("grams")))), NONE) == Judgement("major", [])


def test_a_retired_name_is_major_with_a_tombstone_and_a_break_without():
    buried = Tombstones(contracts={"error.v1": "nothing holds it since 2.0.0"})
    assert judge(OLD, changed(error__v1=None), buried) == Judgement("major", [])
    [found] = judge(OLD, changed(error__v1=None), NONE).breaks
    assert (found.contract, found.found.rule, found.found.path) == ("error.v1", "R11", "$")


def test_a_buried_contract_that_is_back_is_a_break():
    buried = Tombstones(contracts={"error.v1": "it said too much"})
    assert judge(OLD, OLD, buried).breaks == [
        ContractBreak(
            "error.v1", None, Break("R3", "$", "the contract is back; its name never returns: it said too much")
        )
    ]


def test_a_buried_field_that_is_back_is_a_break():
    buried = Tombstones(fields={"shipment.v1": {"minutes": "it is told in seconds"}})
    found = judge(OLD, OLD, buried).breaks
    assert [(one.contract, one.newer, *short([one.found])) for one in found] == [
        ("shipment.v1", None, "R3 $.stops[].minutes")
    ]


def test_a_break_says_which_side_is_newer():
    found = judge(OLD, changed(shipment__v1=View(*views(shipment("reference")))), NONE).breaks
    assert [(one.newer, *short([one.found])) for one in found] == [
        ("writer", "R3 $.reference"),
        (None, "R3 $.reference"),
    ]


def test_an_optional_field_may_go_with_a_tombstone():
    without = changed(shipment__v1=View(*views(shipment("priority"))))
    buried = Tombstones(fields={"shipment.v1": {"priority": "nobody sorted by it"}})
    assert judge(OLD, without, buried) == Judgement("minor", [])
    assert short([one.found for one in judge(OLD, without, NONE).breaks]) == ["R3 $.priority"]


@pytest.mark.parametrize(
    ("reserved", "found"),
    [
        ("reference", ["R3 $.reference"]),
        ("$.reference", ["R3 $.reference"]),
        ("$.stops[].city", ["R3 $.stops[].city"]),
        ("city", ["R3 $.stops[].city"]),
        ("$.city", []),
        ("grams", ["R3 $.grams", "R3 $.cargo.grams"]),
        ("$.cargo.grams", ["R3 $.cargo.grams"]),
        ("carrier", ["R3 $.route.carrier"]),
        ("dataref", []),
    ],
)
def test_a_reserved_name_is_found_anywhere_and_a_path_only_there(reserved: str, found: list[str]):
    assert short(tombstone_breaks(views(BEFORE)[1], {reserved: "reserved"})) == found


def test_a_reserved_name_is_told_with_the_reason():
    [found] = tombstone_breaks(views(BEFORE)[1], {"seal": "it was a secret"})
    assert found.detail == "the schema has `$.seal`; its name is reserved and never returns: it was a secret"


def test_of_a_struct_that_goes_only_the_struct_is_told():
    assert short(removal_breaks(views(BEFORE)[1], views(shipment("stops"))[1])) == ["R3 $.stops"]


def test_nothing_uses_the_reserved_name_of_the_message():
    message = catalogue()["task.requested.v1"].reader()
    assert tombstone_breaks(message, {"dataref": "a claim check"}) == []
    message["$defs"]["TaskRequestedData"]["properties"]["dataref"] = msgspec.json.schema(str)
    assert short(tombstone_breaks(message, {"dataref": "a claim check"})) == ["R3 $.data.dataref"]
