"""The document: operations, parameters and answers."""

from importlib.metadata import version
from typing import Any

from waybill_contracts import KIND_MAX_LENGTH, KIND_PATTERN, TaskStatus

from ..problems import MEDIA_TYPE
from ..query import DEFAULT_LIMIT, MAX_LIMIT
from .patterns import publish_patterns
from .schemas import Schema, make_examples, make_schemas, ref

PROBLEMS = {
    400: "A rule is broken, or the body cannot be read. `errors` names each field and rule.",
    404: "No task has this id.",
    405: "The path has no such method; `Allow` names those it has.",
    408: "The body stopped coming. The connection is closed.",
    413: "The body is too large. The connection is closed.",
    415: "The body is not application/json in UTF-8.",
    503: "The database does not answer, or too many requests wait. Try again after `Retry-After` seconds. Nothing was"
    " accepted, unless the type is `urn:waybill:problem:outcome-unknown`: then `Location` is where to look.",
}

DESCRIPTION = """Hand over a task, and follow it until it is completed, failed or cancelled.

A task that was answered 202 is stored and will be worked. Every error is a problem document (RFC 9457) with the
`X-Request-Id` that the answer carries too. Times are UTC. HEAD is answered wherever GET is."""

REQUEST_ID: Schema = {"X-Request-Id": {"$ref": "#/components/headers/RequestId"}}
LOCATION = {"description": "Where the task can be followed.", "schema": {"type": "string", "format": "uri-reference"}}


def make_document() -> dict[str, Any]:
    """The OpenAPI 3.1 document of this service."""
    document: Schema = {
        "openapi": "3.1.0",
        "info": {"title": "Waybill", "version": version("waybill-api"), "description": DESCRIPTION},
        "servers": [{"url": "/"}],
        "tags": [{"name": "tasks"}, {"name": "health"}],
        "paths": {
            "/tasks": {"post": _submit(), "get": _list()},
            "/tasks/{task_id}": {"get": _get()},
            "/health/live": {"get": _live()},
            "/health/ready": {"get": _ready()},
        },
        "components": {
            "schemas": make_schemas(),
            "responses": {f"Problem{s}": _problem(s) for s in PROBLEMS},
            "headers": {"RequestId": {"description": "Stands in the log beside it.", "schema": {"type": "string"}}},
        },
    }
    return publish_patterns(document)


def _submit() -> Schema:
    body = {"schema": ref("SubmitTask"), "examples": make_examples()}
    accepted = _answer("Accepted: the task is stored, and will be worked.", "TaskView")
    accepted["headers"] = {"Location": LOCATION, **REQUEST_ID}
    accepted["links"] = {"task": _link("getTask", task_id="$response.body#/id")}
    traceparent = {"name": "traceparent", "in": "header", "schema": {"type": "string"}}
    traceparent["description"] = "W3C trace context. It travels with the task; an invalid one is ignored."
    return {
        "operationId": "submitTask",
        "tags": ["tasks"],
        "summary": "Submit a task",
        "description": "Bodies may have 300 KiB, payloads 256 KiB, and 32 levels. Refused are unknown fields,"
        " a key twice, and NUL (U+0000) in strings.",
        "parameters": [traceparent],
        "requestBody": {"required": True, "content": {"application/json": body}},
        "responses": {"202": accepted, **_problems(400, 408, 413, 415, 503)},
    }


def _get() -> Schema:
    task_id = {"name": "task_id", "in": "path", "required": True, "schema": {"type": "string", "format": "uuid"}}
    return {
        "operationId": "getTask",
        "tags": ["tasks"],
        "summary": "One task",
        "parameters": [task_id],
        "responses": {"200": _answer("The task as it stands now.", "TaskView"), **_problems(404, 503)},
    }


def _list() -> Schema:
    page = _answer("A page.", "TaskPage")
    page["links"] = {"next": _link("listTasks", cursor="$response.body#/next")}
    parameters = {
        "status": ({"type": "string", "enum": list(TaskStatus)}, "Only tasks of this status."),
        "kind": (
            {"type": "string", "pattern": KIND_PATTERN, "maxLength": KIND_MAX_LENGTH},
            "Only tasks of this kind.",
        ),
        "held": ({"type": "string", "enum": ["true"]}, "Only tasks that wait for a processor that reads them."),
        "limit": (
            {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": DEFAULT_LIMIT},
            "At most so many.",
        ),
        "cursor": ({"type": "string"}, "`next` of the page before, with the same status, kind and held."),
    }
    return {
        "operationId": "listTasks",
        "tags": ["tasks"],
        "summary": "Tasks, newest first",
        "description": "A page may end early where its tasks are large; `next` tells whether there are more.",
        "parameters": [
            {"name": name, "in": "query", "schema": schema, "description": text}
            for name, (schema, text) in parameters.items()
        ],
        "responses": {"200": page, **_problems(400, 503)},
    }


def _live() -> Schema:
    schema = {"type": "object", "properties": {"status": {"const": "live"}}, "required": ["status"]}
    answer: Schema = {"description": "The process lives.", "content": {"application/json": {"schema": schema}}}
    answer["headers"] = REQUEST_ID
    return {"operationId": "live", "tags": ["health"], "summary": "Is it alive?", "responses": {"200": answer}}


def _ready() -> Schema:
    return {
        "operationId": "ready",
        "tags": ["health"],
        "summary": "Can it serve?",
        "description": "Ready if the database answers within 0.8 s. `degraded` names parts that fail just now.",
        "responses": {"200": _answer("It can.", "Readiness"), "503": _answer("It cannot.", "Readiness")},
    }


def _answer(description: str, schema: str) -> Schema:
    content = {"application/json": {"schema": ref(schema)}}
    return {"description": description, "headers": REQUEST_ID, "content": content}


def _link(operation: str, **parameters: str) -> Schema:
    return {"operationId": operation, "parameters": parameters}


def _problem(status: int) -> Schema:
    answer: Schema = {"description": PROBLEMS[status], "content": {MEDIA_TYPE: {"schema": ref("Problem")}}}
    answer["headers"] = dict(REQUEST_ID)
    if status == 405:
        answer["headers"]["Allow"] = {"description": "The methods of this path.", "schema": {"type": "string"}}
    if status == 503:
        answer["headers"]["Retry-After"] = {"description": "Seconds.", "schema": {"type": "integer"}}
    return answer


def _problems(*statuses: int) -> Schema:
    return {str(status): {"$ref": f"#/components/responses/Problem{status}"} for status in (*statuses, 405)}
