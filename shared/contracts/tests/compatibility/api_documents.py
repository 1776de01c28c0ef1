"""An OpenAPI document of a small API, and how to edit a copy: the "before" of the canned HTTP edits."""

import copy
from collections.abc import Callable
from typing import Any

from waybill_contracts.catalogue import Schema

PARCEL: Schema = {
    "type": "object",
    "properties": {
        "id": {"type": "string", "format": "uuid"},
        "status": {"enum": ["waiting", "sent"]},
        "receiver": {"type": "string"},
        "note": {"type": "string"},
    },
    "required": ["id", "status", "receiver"],
}
SEND: Schema = {
    "type": "object",
    "properties": {
        "receiver": {"type": "string", "maxLength": 80},
        "speed": {"enum": ["slow", "fast"], "default": "slow"},
        "labels": {"type": "array", "items": {"type": "string"}},
    },
    "required": ["receiver"],
    "additionalProperties": False,
}


def json_of(schema: str) -> Schema:
    return {"application/json": {"schema": {"$ref": f"#/components/schemas/{schema}"}}}


BEFORE: Schema = {
    "openapi": "3.1.0",
    "security": [{"key": []}],
    "paths": {
        "/parcels": {
            "post": {
                "requestBody": {"required": True, "content": json_of("Send")},
                "responses": {
                    "202": {
                        "description": "Taken",
                        "content": json_of("Parcel"),
                        "headers": {"Location": {"required": True, "schema": {"type": "string"}}},
                    },
                    "400": {"$ref": "#/components/responses/Refused"},
                },
            },
            "get": {
                "parameters": [
                    {"name": "limit", "in": "query", "schema": {"type": "integer", "maximum": 200, "default": 50}},
                    {"name": "X-Trace", "in": "header", "schema": {"type": "string"}},
                ],
                "responses": {"200": {"description": "All", "content": json_of("Page")}},
            },
        },
        "/parcels/{parcel_id}": {
            "parameters": [
                {"name": "parcel_id", "in": "path", "required": True, "schema": {"type": "string", "format": "uuid"}}
            ],
            "get": {"responses": {"200": {"description": "One", "content": json_of("Parcel")}}},
            "delete": {"security": [{"key": [], "admin": ["parcels"]}], "responses": {"204": {"description": "Gone"}}},
        },
    },
    "components": {
        "schemas": {
            "Parcel": PARCEL,
            "Send": SEND,
            "Page": {
                "type": "object",
                "properties": {"items": {"type": "array", "items": {"$ref": "#/components/schemas/Parcel"}}},
                "required": ["items"],
            },
        },
        "responses": {"Refused": {"description": "Refused", "content": {"text/plain": {"schema": {"type": "string"}}}}},
        "securitySchemes": {
            "key": {"type": "apiKey", "in": "header", "name": "X-Key"},
            "admin": {"type": "http", "scheme": "bearer"},
        },
    },
}


def edited(edit: Callable[[Any], object]) -> Schema:
    document = copy.deepcopy(BEFORE)
    edit(document)
    return document


def schema(name: str) -> Callable[[Any], Any]:
    return lambda document: document["components"]["schemas"][name]


def operation(path: str, method: str) -> Callable[[Any], Any]:
    return lambda document: document["paths"][path][method]
