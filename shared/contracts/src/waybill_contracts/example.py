"""One document of a struct as a person would write it: for the API's page, and among the golden samples."""

from typing import Any

import msgspec

_BY_FORMAT = {
    "date": "2026-11-23",
    "date-time": "2026-11-23T12:00:00Z",
    "duration": "PT90S",
    "time": "12:00:00Z",
    "uuid": "01a208a8-ca5a-76de-8198-82567600252c",
    "byte": "",
}


class NoExample(ValueError):
    """A field needs `Meta(examples=[...])`; the message names it."""


def example(struct: type[msgspec.Struct]) -> dict[str, Any]:
    """The first example of each field; a required field without one gets a value of its type, others are left out.

    Raises `NoExample` for a field whose rules (a pattern, say) no such value keeps.
    """
    schema = msgspec.json.schema(struct)
    made = _value(struct.__name__, schema, schema["$defs"])
    try:
        msgspec.convert(made, struct)
    except msgspec.ValidationError as error:
        raise NoExample(f"{struct.__name__} needs Meta(examples=[...]): {error}") from error
    return made


def _value(name: str, schema: dict[str, Any], defs: dict[str, Any]) -> Any:
    if "examples" in schema:
        return schema["examples"][0]
    if "$ref" in schema:
        return _value(name, defs[schema["$ref"].rpartition("/")[2]], defs)
    if "anyOf" in schema:
        return _value(name, schema["anyOf"][0], defs)
    if "enum" in schema:
        return schema["enum"][0]
    return _of_type(name, schema, defs)


def _of_type(name: str, schema: dict[str, Any], defs: dict[str, Any]) -> Any:
    match schema.get("type"):
        case "object":
            return _object(schema, defs)
        case "array":
            parts = schema.get("prefixItems") or [schema.get("items", {})] * schema.get("minItems", 0)
            return [_value(name, part, defs) for part in parts]
        case "string":
            return _BY_FORMAT.get(schema.get("format", ""), _text(name, schema))
        case "integer" | "number":
            return _number(schema)
        case "boolean":
            return True
        case _:
            return None


def _object(schema: dict[str, Any], defs: dict[str, Any]) -> dict[str, Any]:
    required = schema.get("required", ())
    members = schema.get("properties", {}).items()
    return {name: _value(name, member, defs) for name, member in members if name in required or "examples" in member}


def _text(name: str, schema: dict[str, Any]) -> str:
    return name[: schema.get("maxLength", len(name))].ljust(schema.get("minLength", 0), ".")


def _number(schema: dict[str, Any]) -> int:
    low = schema.get("minimum", schema.get("exclusiveMinimum", -1) + 1)
    return min(low, schema.get("maximum", schema.get("exclusiveMaximum", low + 1) - 1))
