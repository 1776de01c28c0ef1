"""Schemas: the structs of the HTTP contract, and what the registry of kinds makes of `payload` and `result`."""

import inspect
from typing import Any

import msgspec
from waybill_contracts import DEFAULT_KIND, KINDS, TaskError, TaskPayload
from waybill_contracts.example import NoExample, example

from ..problems import Problem
from ..views import Readiness, SubmitTask, TaskPage

Schema = dict[str, Any]


def ref(name: str) -> Schema:
    """A reference to a schema of the document."""
    return {"$ref": f"#/components/schemas/{name}"}


def make_schemas() -> dict[str, Schema]:
    """All schemas by name."""
    payload_refs, payloads = _components(list(KINDS))
    result_refs, results = _components([payload.result for payload in KINDS])
    _, views = _components([SubmitTask, TaskPage, TaskError, Problem, Readiness])
    for schema in payloads.values():
        if "properties" in schema:
            schema["additionalProperties"] = False  # a submit with a field that nobody reads is refused
    pairs = list(zip(KINDS, payload_refs, strict=True))
    submits = {submit_name(payload): _submit(payload, its_ref, views["SubmitTask"]) for payload, its_ref in pairs}
    views["SubmitTask"] = {"oneOf": [ref(name) for name in submits], "description": views["SubmitTask"]["description"]}
    shown = views["TaskView"]["properties"]
    shown["payload"] = {"type": "object", "description": "As submitted, with the defaults of its kind filled in."}
    # Open, so that a new kind breaks no client: a list shows the tasks of all kinds.
    other = {"type": "object", "description": "Of a kind or version that came after this document."}
    shown["result"] = {"anyOf": [*_unique(result_refs), other, {"type": "null"}]}
    shown["error"] = {"anyOf": [ref("TaskError"), {"type": "null"}]}
    return {**submits, **payloads, **results, **views}


def make_examples() -> dict[str, Schema]:
    """A body for each kind and version, its payload the example of the struct, where there is one."""
    note = {"title": "Complete Flow Test", "description": "Testing end-to-end process"}
    examples: dict[str, Schema] = {DEFAULT_KIND: {"summary": f"{DEFAULT_KIND}, the default kind", "value": note}}
    for payload in KINDS:
        name, members = submit_name(payload), _example_of(payload)
        if members is None or (name == DEFAULT_KIND and not members):
            continue
        body: Schema = {"kind": payload.kind, "payload": members}
        if payload.kind == DEFAULT_KIND:
            name, body = f"{name} with its payload" if name == DEFAULT_KIND else name, {**note, **body}
        if payload.version != 1:
            body["payload_version"] = payload.version
        examples[name] = {"summary": name, "value": body}
    return examples


def _components(structs: list[Any]) -> tuple[list[Schema], dict[str, Schema]]:
    refs, schemas = msgspec.json.schema_components(structs, ref_template="#/components/schemas/{name}")
    for schema in schemas.values():
        if "description" in schema:
            schema["description"] = inspect.cleandoc(schema["description"])
    return list(refs), schemas


def _unique(refs: list[Schema]) -> list[Schema]:
    return list({each["$ref"]: each for each in refs}.values())


def _submit(payload: type[TaskPayload], its_ref: Schema, anything: Schema) -> Schema:
    """The body that submits one kind and version. Every body fits one of these at most: kind and version differ."""
    is_default_kind, is_first_version = payload.kind == DEFAULT_KIND, payload.version == 1
    needs_payload = any(field.required for field in msgspec.structs.fields(payload))
    required = {
        "title": is_default_kind,
        "kind": not is_default_kind,
        "payload": needs_payload,
        "payload_version": not is_first_version,
    }
    return {
        "title": submit_name(payload),
        "description": inspect.cleandoc(payload.__doc__ or ""),
        "type": "object",
        "properties": {
            **anything["properties"],
            "kind": {"const": payload.kind, **({"default": payload.kind} if is_default_kind else {})},
            "payload": its_ref if needs_payload else {**its_ref, "default": {}},
            "payload_version": {"const": payload.version, **({"default": 1} if is_first_version else {})},
        },
        "required": [name for name, is_required in required.items() if is_required],
        "additionalProperties": False,
    }


def submit_name(payload: type[TaskPayload]) -> str:
    """How the body of this kind and version is called: `note.process`, or `note.process.v2`."""
    return payload.kind if payload.version == 1 else f"{payload.kind}.v{payload.version}"


def _example_of(payload: type[TaskPayload]) -> Schema | None:
    try:
        return example(payload)
    except NoExample:  # no reason not to serve; a test asks for `examples`
        return None
