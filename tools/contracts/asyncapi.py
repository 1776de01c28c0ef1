"""The AsyncAPI 3.1 document of the queue, from the released schemas and samples and the queue's template."""

from typing import Any, cast

import msgspec
from waybill_contracts.catalogue import Schema

from tools.contracts.families import MESSAGE, families, last_known, retired_in, since
from tools.contracts.history import History
from tools.contracts.queue_template import Queue

SCHEMA_FORMAT = "application/schema+json;version=2020-12"
CONTENT_TYPE = "application/cloudevents+json"
CHANNEL = "tasks"
DESCRIPTION = """A message says which task is due, and nothing else: the task's row in PostgreSQL says the rest. It is a
CloudEvent 1.0 in JSON, the whole of the SQS message's body; no message attribute is read. Messages may come twice, late
and in any order: whoever reads one looks into the row first.

Readers are open: they must ignore fields that they do not know. Writers are closed: these schemas say all they send."""


def asyncapi_document(history: History, queue: Queue) -> dict[str, Any]:
    """The document of the newest release. Raises LookupError if there is none."""
    contracts = [name for family in families(history) if family.name == MESSAGE for name in family.contracts]
    current = [name for name in contracts if retired_in(name, history) is None]
    return {
        "asyncapi": "3.1.0",
        "id": "urn:waybill:queue",
        "info": {"title": "Waybill's queue", "version": history.newest.version, "description": DESCRIPTION},
        "defaultContentType": CONTENT_TYPE,
        "servers": {"sqs": _server()},
        "channels": {CHANNEL: _channel(queue, contracts)},
        "operations": {
            "sendTaskRequested": _operation("send", "The API's relay sends", current[-1:]),
            "receiveTaskRequested": _operation("receive", "The processor receives", current),
        },
        "components": {"messages": {name: _message(name, history) for name in contracts}},
    }


def _server() -> dict[str, Any]:
    region = {"default": "us-east-1", "description": "Region of AWS; the local stack has an endpoint of its own."}
    return {"host": "sqs.{region}.amazonaws.com", "protocol": "sqs", "variables": {"region": region}}


def _channel(queue: Queue, contracts: list[str]) -> dict[str, Any]:
    tasks = {
        "name": queue.name,
        "fifoQueue": False,
        "visibilityTimeout": queue.visibility_seconds,
        "receiveMessageWaitTime": queue.wait_seconds,
        "messageRetentionPeriod": queue.retention_seconds,
        "redrivePolicy": {
            "deadLetterQueue": {"name": queue.dead_letter_name},
            "maxReceiveCount": queue.max_receive_count,
        },
    }
    dead = {
        "name": queue.dead_letter_name,
        "fifoQueue": False,
        "messageRetentionPeriod": queue.dead_letter_retention_seconds,
    }
    return {
        "address": queue.name,
        "title": "Tasks that are due",
        "description": "Names and numbers are the defaults of deploy/queue.yaml; a deploy may set others.",
        "servers": [{"$ref": "#/servers/sqs"}],
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in contracts},
        "bindings": {"sqs": {"bindingVersion": "0.2.0", "queue": tasks, "deadLetterQueue": dead}},
    }


def _operation(action: str, title: str, contracts: list[str]) -> dict[str, Any]:
    messages = [{"$ref": f"#/channels/{CHANNEL}/messages/{name}"} for name in contracts]
    return {"action": action, "title": title, "channel": {"$ref": f"#/channels/{CHANNEL}"}, "messages": messages}


def _message(contract: str, history: History) -> dict[str, Any]:
    release, retired = last_known(contract, history), retired_in(contract, history)
    schema = inlined(release.writers[contract])
    samples = release.samples[contract].items()
    message: dict[str, Any] = {
        "name": contract,
        "title": f"Task requested, version {contract.rpartition('.v')[2]}",
        "summary": schema.get("description", "").partition("\n")[0],
        "contentType": CONTENT_TYPE,
        "payload": {"schemaFormat": SCHEMA_FORMAT, "schema": schema},
        "examples": [{"name": name, "payload": msgspec.json.decode(sample)} for name, sample in samples],
        "x-since": since(contract, history),
    }
    return message if retired is None else {**message, "deprecated": True, "x-retired-in": retired}


def inlined(schema: Schema) -> Schema:
    """A schema without references, for its pointers would not lead anywhere from inside another document.

    Raises RecursionError for a struct that contains itself.
    """
    rest = {key: value for key, value in schema.items() if key != "$defs"}
    return cast("Schema", _inlined(rest, schema.get("$defs", {})))


def _inlined(part: Any, defs: Schema) -> Any:
    if isinstance(part, list):
        return [_inlined(each, defs) for each in cast("list[Any]", part)]
    if not isinstance(part, dict):
        return part
    view = cast("Schema", part)
    if isinstance(reference := view.get("$ref"), str):
        rest = {key: value for key, value in view.items() if key != "$ref"}
        return {**_inlined(rest, defs), **_inlined(defs[reference.removeprefix("#/$defs/")], defs)}
    return {key: _inlined(value, defs) for key, value in view.items()}
