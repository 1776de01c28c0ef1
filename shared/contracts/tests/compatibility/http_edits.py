"""Canned edits of an OpenAPI document, with what each breaks."""

from collections.abc import Callable
from typing import Any

from msgspec import Struct

from shared.contracts.tests.compatibility.api_documents import json_of, operation, schema

parcel, send, page = schema("Parcel"), schema("Send"), schema("Page")
post, listing = operation("/parcels", "post"), operation("/parcels", "get")
one, delete = operation("/parcels/{parcel_id}", "get"), operation("/parcels/{parcel_id}", "delete")
ONE, LIST, POST = "GET /parcels/{parcel_id} response 200", "GET /parcels response 200", "POST /parcels response 202"
LIMIT = {"name": "limit", "in": "query", "schema": {"type": "integer", "maximum": 200, "default": 50}}
TRACE = {"name": "x-trace", "in": "header", "schema": {"type": "string"}}


class HttpEdit(Struct):
    """Verdicts read `R3 GET /parcels`."""

    what: str
    edit: Callable[[Any], object]
    found: list[str] = []


def everywhere(rule: str, field: str) -> list[str]:
    """A break of the parcel, which three operations answer."""
    return [f"{rule} {LIST} $.items[]{field}", f"{rule} {ONE} ${field}", f"{rule} {POST} ${field}"]


def limit(**keywords: Any) -> Callable[[Any], Any]:
    return lambda d: listing(d)["parameters"][0]["schema"].update(keywords)


def parameters(*listed: Any) -> Callable[[Any], Any]:
    return lambda d: listing(d).update(parameters=list(listed))


BREAKING = [
    HttpEdit("an operation is removed", lambda d: d["paths"]["/parcels"].pop("get"), ["R3 GET /parcels"]),
    HttpEdit(
        "a path is removed",
        lambda d: d["paths"].pop("/parcels/{parcel_id}"),
        ["R3 DELETE /parcels/{parcel_id}", "R3 GET /parcels/{parcel_id}"],
    ),
    HttpEdit(
        "a required parameter is added",
        parameters(LIMIT, TRACE, {"name": "owner", "in": "query", "required": True, "schema": {"type": "string"}}),
        ["R2 GET /parcels query $.owner"],
    ),
    HttpEdit(
        "a parameter becomes required",
        parameters({**LIMIT, "required": True}, TRACE),
        ["R2 GET /parcels query $.limit"],
    ),
    HttpEdit("a parameter is removed", parameters(TRACE), ["R3 GET /parcels query $.limit"]),
    HttpEdit(
        "a parameter is written otherwise",
        parameters({**LIMIT, "style": "pipeDelimited"}, TRACE),
        ["R3 GET /parcels query $.limit"],
    ),
    HttpEdit("a parameter's bound is tightened", limit(maximum=100), ["R7 GET /parcels query $.limit"]),
    HttpEdit("a parameter's default changes", limit(default=20), ["R4 GET /parcels query $.limit"]),
    HttpEdit("a parameter is retyped", limit(type="string"), ["R3 GET /parcels query $.limit"]),
    HttpEdit(
        "a request field's length is tightened",
        lambda d: send(d)["properties"]["receiver"].update(maxLength=60),
        ["R7 POST /parcels request $.receiver"],
    ),
    HttpEdit(
        "a request field becomes required",
        lambda d: send(d)["required"].append("labels"),
        ["R2 POST /parcels request $.labels"],
    ),
    HttpEdit(
        "a request field is removed",
        lambda d: send(d)["properties"].pop("labels"),
        ["R3 POST /parcels request $.labels"],
    ),
    HttpEdit(
        "a request enum shrinks",
        lambda d: send(d)["properties"]["speed"].update(enum=["slow"]),
        ["R7 POST /parcels request $.speed"],
    ),
    HttpEdit(
        "a request field's default changes",
        lambda d: send(d)["properties"]["speed"].update(default="fast"),
        ["R4 POST /parcels request $.speed"],
    ),
    HttpEdit(
        "a request's media type is replaced",
        lambda d: post(d)["requestBody"].update(content={"application/cbor": {}}),
        ["R3 POST /parcels request $"],
    ),
    HttpEdit("a body is taken no more", lambda d: post(d).pop("requestBody"), ["R3 POST /parcels request $"]),
    HttpEdit(
        "a body is needed where none was",
        lambda d: delete(d).update(requestBody={"required": True, "content": json_of("Send")}),
        ["R2 DELETE /parcels/{parcel_id} request $"],
    ),
    HttpEdit(
        "a response enum grows",
        lambda d: parcel(d)["properties"]["status"]["enum"].append("lost"),
        everywhere("R5", ".status"),
    ),
    HttpEdit(
        "a response field becomes optional",
        lambda d: parcel(d)["required"].remove("receiver"),
        everywhere("R2", ".receiver"),
    ),
    HttpEdit(
        "a response field becomes null at times",
        lambda d: parcel(d)["properties"].update(receiver={"type": ["string", "null"]}),
        everywhere("R5", ".receiver"),
    ),
    HttpEdit(
        "an optional response field is removed",
        lambda d: parcel(d)["properties"].pop("note"),
        everywhere("R3", ".note"),
    ),
    HttpEdit(
        "a required response field is removed",
        lambda d: (parcel(d)["properties"].pop("receiver"), parcel(d)["required"].remove("receiver")),
        everywhere("R3", ".receiver"),
    ),
    HttpEdit(
        "a response's format is given up",
        lambda d: parcel(d)["properties"]["id"].pop("format"),
        everywhere("R5", ".id"),
    ),
    HttpEdit(
        "a status is answered no more",
        lambda d: post(d)["responses"].pop("400"),
        ["R3 POST /parcels response 400"],
    ),
    HttpEdit(
        "a new success is answered",
        lambda d: post(d)["responses"].update({"201": {"description": "Made"}}),
        ["R5 POST /parcels response 201"],
    ),
    HttpEdit(
        "a response's media type is replaced",
        lambda d: d["components"]["responses"]["Refused"].update(content={"application/problem+json": {}}),
        ["R3 POST /parcels response 400 $"],
    ),
    HttpEdit(
        "a response's header is removed",
        lambda d: post(d)["responses"]["202"].pop("headers"),
        ["R3 POST /parcels response 202 header location"],
    ),
    HttpEdit(
        "a response's header may be left out",
        lambda d: post(d)["responses"]["202"]["headers"]["Location"].pop("required"),
        ["R2 POST /parcels response 202 header location"],
    ),
    HttpEdit(
        "a response's header is retyped",
        lambda d: post(d)["responses"]["202"]["headers"]["Location"].update(schema={"type": "integer"}),
        ["R3 POST /parcels response 202 header location"],
    ),
    HttpEdit("anybody is let in", lambda d: delete(d).update(security=[]), ["R3 DELETE /parcels/{parcel_id} security"]),
    HttpEdit(
        "an operation asks for less than it did",
        lambda d: delete(d).update(security=[{"key": []}, {"key": [], "admin": ["parcels"]}]),
        ["R3 DELETE /parcels/{parcel_id} security"],
    ),
    HttpEdit(
        "an operation asks for more than it did",
        lambda d: one(d).update(security=[{"key": [], "admin": ["parcels"]}]),
        ["R2 GET /parcels/{parcel_id} security"],
    ),
    HttpEdit(
        "a key travels elsewhere",
        lambda d: d["components"]["securitySchemes"]["key"].update({"in": "query"}),
        ["R3 security scheme key"],
    ),
]

HARMLESS = [
    HttpEdit("an operation is added", lambda d: d["paths"]["/parcels"].update(put=listing(d))),
    HttpEdit(
        "an optional parameter is added",
        parameters(LIMIT, TRACE, {"name": "owner", "in": "query", "schema": {"type": "string"}}),
    ),
    HttpEdit("a parameter's bound is loosened", limit(maximum=500)),
    HttpEdit(
        "a path parameter is renamed",
        lambda d: (
            d["paths"].update({"/parcels/{id}": d["paths"].pop("/parcels/{parcel_id}")}),
            d["paths"]["/parcels/{id}"]["parameters"][0].update(name="id"),
        ),
    ),
    HttpEdit("an optional request field is added", lambda d: send(d)["properties"].update(gift={"type": "boolean"})),
    HttpEdit("a request field is required no more", lambda d: send(d)["required"].clear()),
    HttpEdit("a request enum grows", lambda d: send(d)["properties"]["speed"]["enum"].append("night")),
    HttpEdit("another media type is taken", lambda d: post(d)["requestBody"]["content"].update({"text/csv": {}})),
    HttpEdit("a body may be left out", lambda d: post(d)["requestBody"].update(required=False)),
    HttpEdit("a response field is added", lambda d: parcel(d)["properties"].update(weight={"type": "integer"})),
    HttpEdit("a response field is always there", lambda d: parcel(d)["required"].append("note")),
    HttpEdit("a response enum shrinks", lambda d: parcel(d)["properties"]["status"]["enum"].pop()),
    HttpEdit("an error is added", lambda d: post(d)["responses"].update({"429": {"description": "Too many"}})),
    HttpEdit(
        "a status is told by its class", lambda d: post(d)["responses"].update({"4XX": post(d)["responses"].pop("400")})
    ),
    HttpEdit(
        "a response's header is added",
        lambda d: d["components"]["responses"]["Refused"].update(headers={"Retry-After": {"schema": {}}}),
    ),
    HttpEdit("another way in is added", lambda d: one(d).update(security=[{"key": []}, {"session": []}])),
    HttpEdit(
        "descriptions change", lambda d: (parcel(d).update(description="A parcel"), post(d).update(summary="Send"))
    ),
    HttpEdit(
        "a schema is moved", lambda d: post(d)["requestBody"].update(content={"application/json": {"schema": send(d)}})
    ),
]
