"""What the checker does not know gets an error with its place, wherever it stands, and never a verdict."""

import msgspec
import pytest
from waybill_contracts.catalogue import Schema
from waybill_contracts.compatibility import UnknownKeyword, breaks

STRANGE = {
    "a keyword": {"if": {"type": "string"}},
    "a keyword of an older draft": {"nullable": True},
    "a type": {"type": "int"},
    "one of several types": {"type": ["string", "date"]},
    "a format": {"type": "string", "format": "isbn"},
    "an encoding": {"type": "string", "contentEncoding": "quoted-printable"},
    "a pattern that is none": {"type": "string", "pattern": "("},
    "a bound beside a reference": {"$ref": "#/$defs/Known", "maximum": 4},
    "a type beside a union": {"anyOf": [{"type": "string"}], "type": "string"},
    "a length beside an enum": {"enum": ["a"], "maxLength": 1},
    "both enum and const": {"enum": ["a"], "const": "a"},
    "an enum of objects": {"enum": [{"a": 1}]},
    "a bound that is no number": {"type": "number", "exclusiveMinimum": True},
    "a reference to nothing": {"$ref": "#/$defs/Missing"},
    "a reference to another document": {"$ref": "other.json"},
    "a reference to itself": {"$ref": "#/properties/inner"},
    "a choice inside a union": {"anyOf": [{"oneOf": [{"type": "string"}]}]},
    "no schema at all": 3,
}


def holding(inner: object) -> Schema:
    return {"type": "object", "properties": {"inner": inner}, "$defs": {"Known": {"type": "integer"}}}


@pytest.mark.parametrize("inner", STRANGE.values(), ids=STRANGE.keys())
@pytest.mark.parametrize("other", [{}, {"type": "object", "properties": {"inner": {}}}], ids=["any reader", "a reader"])
def test_a_schema_that_cannot_be_judged_is_refused_on_either_side(inner: object, other: Schema):
    with pytest.raises(UnknownKeyword):
        breaks(holding(inner), other)
    with pytest.raises(UnknownKeyword):
        breaks(other, holding(inner))


@pytest.mark.parametrize(
    ("schema", "place"),
    [
        ({"$defs": {"Unused": {"not": {}}}}, "#/$defs/Unused"),
        ({"type": "array", "items": {"anyOf": [{}, {"not": {}}]}}, "#/items/anyOf/1"),
        ({"type": "array", "prefixItems": [{"not": {}}]}, "#/prefixItems/0"),
        ({"additionalProperties": {"not": {}}}, "#/additionalProperties"),
        ({"propertyNames": {"not": {}}}, "#/propertyNames"),
    ],
)
def test_the_error_names_the_place_and_the_keyword(schema: Schema, place: str):
    with pytest.raises(UnknownKeyword) as refused:
        breaks(schema, {})
    assert (refused.value.path, str(refused.value)) == (place, f"{place}: the checker does not know the keyword `not`")


def test_extensions_are_wording():
    assert breaks({"type": "string", "x-order": 1}, {"type": "string"}) == []


def test_all_that_msgspec_emits_is_known():
    keywords = msgspec.json.schema(dict[str, tuple[int, str] | None])
    assert breaks(keywords, keywords) == []
