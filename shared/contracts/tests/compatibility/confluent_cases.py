"""Confluent's published verdicts on changes of a JSON Schema, restated: does a new reader take what the old one took?

The facts are those of the compatibility examples in Confluent's Schema Registry (strict mode, backward); words and
schemas are ours. There one schema stands for both sides. Here the old one is a writer, closed if it names fields, and
the new one is a reader, open unless it says otherwise; where that changes the verdict, the case says so.
"""

from typing import Any

from msgspec import Struct
from waybill_contracts.catalogue import Schema

YES, NO = True, False
CLOSED_WRITER = "a writer that names its fields sends no others, so the name was never used for anything else"


class Case(Struct):
    what: str
    old: Schema
    new: Schema
    confluent: bool
    why_not: str = ""
    """Why we differ; empty where we agree."""


def text(**more: Any) -> Schema:
    return {"type": "string", **more}


def number(**more: Any) -> Schema:
    return {"type": "number", **more}


def array(*prefix: Any, **more: Any) -> Schema:
    return {"type": "array", **({"prefixItems": list(prefix)} if prefix else {}), **more}


def fields(needed: list[str] | None = None, further: Any = None, **named: Any) -> Schema:
    schema: Schema = {"properties": named}
    if needed is not None:
        schema["required"] = needed
    return schema if further is None else {**schema, "additionalProperties": further}


def one_of(*branches: Any) -> Schema:
    return {"oneOf": list(branches)}


TEXT, NUMBER, WHOLE, YES_NO, NULL = text(), number(), {"type": "integer"}, {"type": "boolean"}, {"type": "null"}
MAYBE_TEXT = one_of(NULL, TEXT)

SCALARS = [
    Case("anything is taken", fields(), {}, YES),
    Case("a new title", {"title": "Crate"}, {"title": "Box"}, YES),
    Case("a new description", {"description": "of wood"}, {"description": "of steel"}, YES),
    Case("an object becomes an array", {"type": "object"}, {"type": "array"}, NO),
    Case("a greater least length", text(minLength=3), text(minLength=4), NO),
    Case("a smaller least length", text(minLength=4), text(minLength=3), YES),
    Case("a greater greatest length", text(maxLength=3), text(maxLength=4), YES),
    Case("a smaller greatest length", text(maxLength=4), text(maxLength=3), NO),
    Case("a pattern goes", text(pattern="^a"), TEXT, YES),
    Case("a pattern changes", text(pattern="^a"), text(pattern="^b"), NO),
    Case("a pattern stays", text(pattern="^a"), text(pattern="^a"), YES),
    Case("an upper bound goes", number(maximum=7), NUMBER, YES),
    Case("an upper bound rises", number(maximum=7), number(maximum=8), YES),
    Case("an upper bound falls", number(maximum=8), number(maximum=7), NO),
    Case("a lower bound goes", number(minimum=7), NUMBER, YES),
    Case("a lower bound rises", number(minimum=7), number(minimum=8), NO),
    Case("a lower bound falls", number(minimum=8), number(minimum=7), YES),
    Case("a step goes", number(multipleOf=6), NUMBER, YES),
    Case("a step becomes a divisor of itself", number(multipleOf=6), number(multipleOf=3), YES),
    Case("a step becomes something else", number(multipleOf=6), number(multipleOf=7), NO),
    Case("numbers become integers", NUMBER, WHOLE, NO),
    Case("integers become numbers", WHOLE, NUMBER, YES),
    Case("an enum becomes any string", text(enum=["ash"]), TEXT, YES),
    Case("a constant changes", fields(wood={"const": "ash"}), fields(wood={"const": "oak"}), NO),
    Case("one type becomes two", {"type": ["object"]}, {"type": ["object", "array"]}, YES),
]

UNIONS = [
    Case("the only branch is retyped", one_of(TEXT), one_of(NUMBER), NO),
    Case("a branch is added before", one_of(TEXT), one_of(NUMBER, TEXT), YES),
    Case("a branch is added before a number", one_of(NUMBER), one_of(TEXT, NUMBER), YES),
    Case("two branches are added", one_of(TEXT), one_of(YES_NO, NUMBER, TEXT), YES),
    Case("branches are added and a bound rises", one_of(text(maxLength=5)), one_of(NUMBER, text(maxLength=8)), YES),
    Case("a branch is dropped", one_of(NUMBER, TEXT), one_of(TEXT), NO),
    Case("a plain type becomes a branch", TEXT, one_of(NUMBER, TEXT), YES),
    Case("null becomes a branch", NULL, one_of(NUMBER, NULL), YES),
    Case("a bounded type becomes a branch without bound", text(maxLength=3), one_of(NUMBER, TEXT), YES),
    Case("one of one becomes any of one", one_of(TEXT), {"anyOf": [TEXT]}, YES),
    Case("one of one becomes any of two", one_of(TEXT), {"anyOf": [NUMBER, TEXT]}, YES),
    Case("a field inside the only branch is retyped", one_of(fields(wood=TEXT)), one_of(fields(wood=NUMBER)), NO),
]

OBJECTS = [
    Case("a field of an open object is renamed", fields(wood=TEXT), fields(timber=TEXT), NO, CLOSED_WRITER),
    Case("a field is retyped", fields(wood=TEXT), fields(wood=NUMBER), NO),
    Case(
        "a field is added to a closed object",
        fields(wood=TEXT, further=False),
        fields(wood=TEXT, age=NUMBER, further=False),
        YES,
    ),
    Case(
        "another is added to a closed object",
        fields(wood=TEXT, further=False),
        fields(wood=TEXT, age=TEXT, further=False),
        YES,
    ),
    Case(
        "a field is added that further ones were like",
        fields(wood=TEXT, further=TEXT),
        fields(wood=TEXT, age=TEXT, further=TEXT),
        YES,
    ),
    Case(
        "a field is added unlike further ones",
        fields(wood=TEXT, further=TEXT),
        fields(wood=TEXT, age=NUMBER, further=TEXT),
        NO,
    ),
    Case(
        "a field is added, required",
        fields(wood=TEXT, further=TEXT),
        fields(["age"], wood=TEXT, age=TEXT, further=TEXT),
        NO,
    ),
    Case(
        "a field is taken as a further one",
        fields(wood=TEXT, age=TEXT, further=False),
        fields(wood=TEXT, further=TEXT),
        YES,
    ),
    Case(
        "a field is unlike the further ones",
        fields(wood=TEXT, age=NUMBER, further=False),
        fields(wood=TEXT, further=TEXT),
        NO,
    ),
    Case("a union is taken as a further field", fields(age=MAYBE_TEXT, further=False), fields(further=MAYBE_TEXT), YES),
    Case("a branch is taken as a further field", fields(age=TEXT, further=False), fields(further=MAYBE_TEXT), YES),
    Case("a field is added to an open object", fields(wood=TEXT), fields(wood=TEXT, age=NUMBER), NO, CLOSED_WRITER),
    Case("a field is required no more", fields(["wood"], wood=TEXT), fields(wood=TEXT), YES),
    Case("a field is required now", fields(wood=TEXT), fields(["wood"], wood=TEXT), NO),
    Case(
        "a name is required that the schema does not describe",
        fields(["wood"], wood=TEXT),
        fields(["age"], wood=TEXT),
        YES,
        "the reader requires what the closed writer never sends",
    ),
    Case("no bound on the number of fields", {"maxProperties": 1}, fields(), YES),
    Case("more fields are taken", {"maxProperties": 1}, {"maxProperties": 2}, YES),
    Case("fewer fields are taken", {"maxProperties": 2}, {"maxProperties": 1}, NO),
    Case("no least number of fields", {"minProperties": 2}, fields(), YES),
    Case("more fields are needed", {"minProperties": 1}, {"minProperties": 2}, NO),
    Case("fewer fields are needed", {"minProperties": 2}, {"minProperties": 1}, YES),
    Case("a closed object opens", fields(further=False), fields(), YES),
    Case("a map closes", {"additionalProperties": True}, {"additionalProperties": False}, NO),
    Case("a map narrows", {"additionalProperties": True}, {"additionalProperties": NUMBER}, NO),
    Case("a map is retyped", {"additionalProperties": TEXT}, {"additionalProperties": NUMBER}, NO),
    Case("a map gets a field of any sort", {"additionalProperties": True}, fields(wood=True, further=True), YES),
    Case("a map loses a field of any sort", fields(wood=True, further=True), {"additionalProperties": True}, YES),
    Case("a closed object forbids a name", {"additionalProperties": False}, fields(wood=False, further=False), YES),
    Case("a closed object forbids no name", fields(wood=False, further=False), {"additionalProperties": False}, YES),
]

ARRAYS = [
    Case("elements get a type", array(), array(items=TEXT), NO),
    Case("elements lose their type", array(items=TEXT), array(), YES),
    Case("positions lose their types", array(TEXT, NUMBER), array(), YES),
    Case("a position is like the rest", array(TEXT, NUMBER, items=TEXT), array(TEXT, NUMBER, TEXT, items=TEXT), YES),
    Case("a position is unlike the rest", array(TEXT, NUMBER, items=TEXT), array(TEXT, NUMBER, NUMBER, items=TEXT), NO),
    Case("a position goes, like the rest", array(TEXT, NUMBER, TEXT, items=TEXT), array(TEXT, NUMBER, items=TEXT), YES),
    Case(
        "a position goes, a union like the rest",
        array(TEXT, MAYBE_TEXT, items=MAYBE_TEXT),
        array(TEXT, items=MAYBE_TEXT),
        YES,
    ),
    Case("a position goes, unlike the rest", array(TEXT, NUMBER, items=TEXT), array(TEXT, items=TEXT), NO),
    Case("a position is retyped", array(TEXT), array(NUMBER), NO),
    Case("fewer elements are taken", array(maxItems=2), array(maxItems=1), NO),
    Case("no least number of elements", array(minItems=1), array(), YES),
    Case("more elements are needed", array(minItems=1), array(minItems=2), NO),
    Case("fewer elements are needed", array(minItems=2), array(minItems=1), YES),
    Case("elements may repeat", array(uniqueItems=True), array(), YES),
    Case("the rest is refused", array(items=True), array(items=False), NO),
    Case("the rest is retyped", array(TEXT, items=TEXT), array(TEXT, items=NUMBER), NO),
    Case("a position of any sort is added", array(NUMBER, items=True), array(NUMBER, True, items=True), YES),
    Case("a position of any sort goes", array(NUMBER, True, items=True), array(NUMBER, items=True), YES),
    Case(
        "a position is forbidden that was never there",
        array(NUMBER, items=False),
        array(NUMBER, False, items=False),
        YES,
    ),
    Case("a forbidden position goes", array(NUMBER, False, items=False), array(NUMBER, items=False), YES),
    Case(
        "a closed array opens and grows", array(TEXT, NUMBER, items=False), array(TEXT, NUMBER, YES_NO, items=True), YES
    ),
    Case(
        "a closed array opens and shrinks",
        array(TEXT, NUMBER, YES_NO, items=False),
        array(TEXT, NUMBER, items=True),
        YES,
    ),
    Case("an open array loses a position", array(TEXT, NUMBER, items=True), array(TEXT, items=True), YES),
    Case("a closed array grows", array(TEXT, items=False), array(TEXT, NUMBER, items=False), YES),
    Case("a position becomes the rest", array(TEXT, NUMBER, items=False), array(TEXT, items=NUMBER), YES),
    Case("the rest becomes a position", array(TEXT, items=NUMBER), array(TEXT, NUMBER, items=True), YES),
]

REFERENCES = [
    Case(
        "what a reference names is retyped",
        array(items={"$ref": "#/$defs/Wood"}) | {"$defs": {"Wood": TEXT}},
        array(items={"$ref": "#/$defs/Wood"}) | {"$defs": {"Wood": NUMBER}},
        NO,
    ),
    Case("a type moves behind a reference", TEXT, {"$ref": "#/$defs/Wood", "$defs": {"Wood": TEXT}}, YES),
    Case("a type comes out of a reference", {"$ref": "#/$defs/Wood", "$defs": {"Wood": TEXT}}, TEXT, YES),
]

CASES = [*SCALARS, *UNIONS, *OBJECTS, *ARRAYS, *REFERENCES]

REFUSED = {
    "an identifier": {"$id": "crate"},
    "a negation": {"not": WHOLE},
    "all of several": {"allOf": [TEXT, {"enum": ["ash"]}]},
    "names by pattern": {"patternProperties": {"^S_": TEXT}},
    "fields that depend on others": {"dependencies": {"wood": ["age"]}},
    "positions as they were written before 2020": {"items": [TEXT, NUMBER]},
    "the rest as it was written before 2020": {"type": "array", "additionalItems": False},
}
"""Confluent has verdicts on these too; msgspec never emits them, so the checker knows them not, and says so."""
