"""JSON Schema, as msgspec makes it, in words: the rows of a field table."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast

import msgspec
from waybill_contracts.catalogue import Schema

LIMITS = {
    "minLength": "at least {} characters",
    "maxLength": "at most {} characters",
    "minimum": "≥ {}",
    "maximum": "≤ {}",
    "exclusiveMinimum": "> {}",
    "exclusiveMaximum": "< {}",
    "multipleOf": "a multiple of {}",
    "minItems": "at least {} items",
    "maxItems": "at most {} items",
    "minProperties": "at least {} members",
    "maxProperties": "at most {} members",
}


PARTS = (("each key", "propertyNames"), ("each value", "additionalProperties"), ("each item", "items"))
NOT_EMPTY = LIMITS["minLength"].format(1)


@dataclass(frozen=True)
class FieldRow:
    """One field of a document, named as in `data.kind`."""

    name: str
    type: str
    is_required: bool
    default: str
    """JSON; empty where there is none."""
    limits: str
    patterns: dict[str, str]
    """What each pattern is for, to the pattern: too long for a table."""
    description: str


def field_rows(schema: Schema) -> list[FieldRow]:
    """Every field of a contract, each struct's fields below the field that holds it."""
    return list(_rows(schema, schema.get("$defs", {}), "", ()))


def _rows(part: Schema, defs: Schema, path: str, inside: tuple[str, ...]) -> Iterator[FieldRow]:
    reference = part.get("$ref", "").removeprefix("#/$defs/")
    if reference in inside:
        return
    struct = defs[reference] if reference else part
    followed = (*inside, reference) if reference else inside
    required = struct.get("required", [])
    for name, member in struct.get("properties", {}).items():
        here = f"{path}{name}"
        yield FieldRow(
            name=here,
            type=type_words(member, defs),
            is_required=name in required,
            default=json(member["default"]) if "default" in member else "",
            limits="; ".join(limit_words(member, defs)),
            patterns=patterns(member, here),
            description=" ".join(member.get("description", "").split()),
        )
        yield from _rows(member, defs, f"{here}.", followed)
        for inner in _inner(member):
            suffix = (
                "[]" if inner is member.get("items") else ".*" if inner is member.get("additionalProperties") else ""
            )
            yield from _rows(inner, defs, f"{here}{suffix}.", followed)


def _inner(member: Schema) -> list[Schema]:
    """Schemas inside one that may hold structs."""
    parts: list[Any] = [*member.get("anyOf", []), member.get("items"), member.get("additionalProperties")]
    return [cast("Schema", part) for part in parts if isinstance(part, dict)]


def type_words(schema: Schema, defs: Schema) -> str:
    """`string (uuid)`, `list of integer`, `"POST"` or `"PUT"`, `integer or null`."""
    if "$ref" in schema:
        return type_words(defs[schema["$ref"].removeprefix("#/$defs/")], defs)
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(type_words(part, defs) for part in schema["anyOf"]))
    if "enum" in schema:
        return " or ".join(f"`{json(value)}`" for value in schema["enum"])
    kind = schema.get("type", "any JSON")
    if kind == "array":
        return f"list of {type_words(schema.get('items') or {}, defs)}"
    if kind == "object" and isinstance(values := schema.get("additionalProperties"), dict):
        return f"object of {type_words(cast('Schema', values), defs)}"
    return f"{kind} ({schema['format']})" if "format" in schema else kind


def limit_words(schema: Schema, defs: Schema) -> list[str]:
    """Every bound and pattern, those of keys and values of an object too."""
    found = [text.format(schema[keyword]) for keyword, text in LIMITS.items() if keyword in schema]
    found = ["not empty" if limit == NOT_EMPTY else limit for limit in found]
    found += ["pattern below"] if "pattern" in schema else []
    for what, keyword in PARTS:
        if isinstance(inner := schema.get(keyword), dict):
            found += [f"{what} {limit}" for limit in limit_words(cast("Schema", inner), defs)]
    for part in schema.get("anyOf", []):
        found += limit_words(part, defs)
    return found


def patterns(schema: Schema, name: str) -> dict[str, str]:
    """The patterns of a field, of its keys and of its values."""
    found = {name: schema["pattern"]} if "pattern" in schema else {}
    parts = [(f"{name}, {what}", schema.get(keyword)) for what, keyword in PARTS]
    for what, inner in [*parts, *((name, part) for part in schema.get("anyOf", []))]:
        if isinstance(inner, dict):
            found |= patterns(cast("Schema", inner), what)
    return found


def json(value: Any) -> str:
    """A value as JSON."""
    return msgspec.json.encode(value).decode()
