"""An OpenAPI document as a list of operations, each in one form. What is not known is refused."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import Struct

from ..references import resolved
from ..verdicts import Schema, UnknownKeyword

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
_WORDING = frozenset({"summary", "description", "tags", "operationId", "externalDocs", "deprecated", "servers"})
_KNOWN = {
    "path": _WORDING | {"parameters", *METHODS},
    "operation": _WORDING | {"parameters", "requestBody", "responses", "security"},
    "parameter": _WORDING | {"name", "in", "required", "schema", "style", "explode", "example", "examples"},
    "body": _WORDING | {"content", "required"},
    "response": _WORDING | {"content", "headers", "links"},
    "header": _WORDING | {"required", "schema", "style", "explode", "example", "examples"},
    "media type": frozenset({"schema", "example", "examples"}),
}


class Operation(Struct, frozen=True):
    """What one method of one path takes and gives; schemas are as they stand in the document."""

    name: str
    """As `GET /tasks/{task_id}`."""
    document: Schema
    parameters: Mapping[str, list[Schema]]
    """By place: `path`, `query`, `header`, `cookie`. Names of headers are in lower case."""
    body: Schema | None
    responses: Mapping[str, Schema]
    security: list[Mapping[str, list[str]]]
    """Ways in, each a set of schemes with scopes; an empty one is open to all."""


def operations(document: Schema) -> dict[str, Operation]:
    """All operations, by method and path; the names of path parameters do not count. Raises UnknownKeyword."""
    found: dict[str, Operation] = {}
    for path, item in document.get("paths", {}).items():
        item = part("path", item, document, path)
        for method in METHODS:
            if method in item:
                name = f"{method.upper()} {path}"
                key = re.sub(r"\{[^}]*\}", "{}", name)
                found[key] = _operation(name, item, item[method], document)
    return found


def part(kind: str, value: Any, document: Schema, name: str) -> Schema:
    """A part of a document, after references. Raises UnknownKeyword for a key that nobody judges."""
    found = resolved(value, document)
    for key in found:
        if key not in _KNOWN[kind] and not key.startswith("x-"):
            raise UnknownKeyword(name, f"`{key}` of a {kind}")
    return found


def contents(holder: Schema, document: Schema, name: str) -> dict[str, Schema]:
    """The media types of a body or a response."""
    found: dict[str, Schema] = holder.get("content", {})
    return {media: part("media type", inner, document, f"{name} {media}") for media, inner in found.items()}


def _operation(name: str, item: Schema, raw: Any, document: Schema) -> Operation:
    own = part("operation", raw, document, name)
    body = own.get("requestBody")
    security: list[Mapping[str, list[str]]] = own.get("security", document.get("security", []))
    return Operation(
        name,
        document,
        _by_place(_parameters(name, [*item.get("parameters", ()), *own.get("parameters", ())], document)),
        None if body is None else part("body", body, document, name),
        {
            status: part("response", answer, document, f"{name} {status}")
            for status, answer in own.get("responses", {}).items()
        },
        security or [{}],
    )


def _parameters(name: str, raw: list[Any], document: Schema) -> Iterator[Schema]:
    order = re.findall(r"\{([^}]*)\}", name)
    for each in raw:
        one = part("parameter", each, document, name)
        if one["in"] == "path":
            yield {**one, "name": str(order.index(one["name"]) + 1)}
        elif one["in"] == "header":
            yield {**one, "name": one["name"].lower()}
        else:
            yield one


def _by_place(parameters: Iterator[Schema]) -> dict[str, list[Schema]]:
    found: dict[tuple[str, str], Schema] = {(one["in"], one["name"]): one for one in parameters}
    places: dict[str, list[Schema]] = {}
    for (place, _), one in found.items():
        places.setdefault(place, []).append(one)
    return places
