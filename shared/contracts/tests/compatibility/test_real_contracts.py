"""The contracts of this build: each is compatible with itself, and edits of them are refused."""

import copy
from collections.abc import Callable
from typing import Any

import pytest
from waybill_contracts.catalogue import Contract, Schema, catalogue
from waybill_contracts.compatibility import breaks

from shared.contracts.tests.compatibility.edit import short

CONTRACTS = catalogue()


@pytest.mark.parametrize("contract", CONTRACTS.values(), ids=CONTRACTS.keys())
def test_every_contract_is_compatible_with_itself(contract: Contract):
    assert breaks(contract.writer(), contract.reader()) == []


def view(struct: str, edit: Callable[[Any], object], schema: Schema) -> Schema:
    changed = copy.deepcopy(schema)
    edit(changed["$defs"][struct])
    return changed


READER_EDITS = [
    ("task.requested.v1", "TaskRequestedData", lambda s: s["required"].append("priority"), "R2 $.data.priority"),
    ("task.requested.v1", "TaskRequested", lambda s: s["required"].append("traceparent"), "R2 $.traceparent"),
    ("task.requested.v1", "TaskRequested", lambda s: s["properties"]["id"].update(maxLength=64), "R7 $.id"),
    (
        "task.requested.v1",
        "TaskRequestedData",
        lambda s: s["properties"]["kind"].update(pattern="^[a-z.]+$"),
        "R7 $.data.kind",
    ),
    (
        "task.requested.v1",
        "TaskRequestedData",
        lambda s: s["properties"]["dispatch"].update(maximum=99),
        "R7 $.data.dispatch",
    ),
    (
        "task.requested.v1",
        "TaskRequestedData",
        lambda s: s["properties"]["task_id"].update(type="integer"),
        "R3 $.data.task_id",
    ),
    ("task.requested.v1", "TaskRequested", lambda s: s["properties"]["subject"].update(format="uuid"), "R7 $.subject"),
    ("payload.webhook.deliver.v1", "DeliverWebhook", lambda s: s["properties"]["body"].update(default={}), "R4 $.body"),
    (
        "payload.webhook.deliver.v1",
        "DeliverWebhook",
        lambda s: s["properties"]["body"].update(type="object"),
        "R7 $.body",
    ),
    (
        "result.webhook.deliver.v1",
        "WebhookDelivered",
        lambda s: s["properties"]["status_code"].update(maximum=204),
        "R7 $.status_code",
    ),
    ("error.v1", "TaskError", lambda s: s["properties"]["code"].update(enum=["timeout"]), "R7 $.code"),
    ("error.v1", "TaskError", lambda s: s["properties"]["error_type"]["anyOf"].pop(), "R7 $.error_type"),
]
WRITER_EDITS = [
    (
        "task.requested.v1",
        "TaskRequestedData",
        lambda s: (s["properties"].pop("kind"), s["required"].remove("kind")),
        "R3 $.data.kind",
    ),
    ("task.requested.v1", "TaskRequested", lambda s: s["required"].remove("time"), "R2 $.time"),
    (
        "task.requested.v1",
        "TaskRequested",
        lambda s: s["properties"]["specversion"].update(enum=["1.0", "1.1"]),
        "R5 $.specversion",
    ),
    (
        "task.requested.v1",
        "TaskRequested",
        lambda s: s["properties"]["type"].update(enum=["waybill.task.requested.v2"]),
        "R3 $.type",
    ),
    (
        "result.note.process.v1",
        "NoteProcessed",
        lambda s: s["properties"]["message"].update(type="null"),
        "R3 $.message",
    ),
    (
        "result.webhook.deliver.v1",
        "WebhookDelivered",
        lambda s: s["properties"]["status_code"].update(maximum=399),
        "R5 $.status_code",
    ),
    ("error.v1", "TaskError", lambda s: s["properties"]["error_type"].update(default=""), "R4 $.error_type"),
]


@pytest.mark.parametrize(("name", "struct", "edit", "found"), READER_EDITS)
def test_a_reader_that_got_stricter_is_refused(name: str, struct: str, edit: Any, found: str):
    contract = CONTRACTS[name]
    assert short(breaks(contract.writer(), view(struct, edit, contract.reader()), newer="reader")) == [found]


@pytest.mark.parametrize(("name", "struct", "edit", "found"), WRITER_EDITS)
def test_a_writer_that_writes_more_or_less_is_refused(name: str, struct: str, edit: Any, found: str):
    contract = CONTRACTS[name]
    assert short(breaks(view(struct, edit, contract.writer()), contract.reader(), newer="writer")) == [found]


def test_a_break_names_the_field_and_both_sides():
    contract = CONTRACTS["task.requested.v1"]

    def shorten(data: Any) -> None:
        data["properties"]["kind"]["maxLength"] = 32

    [found] = breaks(contract.writer(), view("TaskRequestedData", shorten, contract.reader()), newer="reader")
    assert found.detail == "`kind`: the writer sends up to 64 characters; the reader takes at most 32"
