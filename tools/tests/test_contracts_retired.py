"""What a tombstone forgives in HTTP: the body, and the result, of what is retired, and nothing else."""

from typing import Any

import msgspec
import pytest
from waybill_contracts.compatibility import Tombstones, http_breaks

from tools.contracts.history import RELEASED, History
from tools.contracts.retired import without_retired
from tools.workspace import ROOT

RELEASE = ROOT / "services/api/released/0.1.0/openapi.json"
PAYLOAD, RESULT, NEXT_RESULT = "payload.webhook.deliver.v1", "result.webhook.deliver.v1", "result.webhook.deliver.v2"
GONE = ("R7", "POST /tasks request $")


@pytest.fixture
def schemas() -> dict[str, Any]:
    """Of the API of tomorrow, until a test edits them those of a release."""
    return msgspec.json.decode(RELEASE.read_bytes())["components"]["schemas"]


def told(schemas: dict[str, Any], *retired: str) -> list[tuple[str, str]]:
    """What breaks clients of the release, when these contracts have a tombstone."""
    history = History(RELEASED, History.read().releases, Tombstones(contracts=dict.fromkeys(retired, "why")))
    release = msgspec.json.decode(RELEASE.read_bytes())
    tomorrow = {**release, "components": {**release["components"], "schemas": schemas}}
    return [(one.rule, one.path) for one in http_breaks(without_retired(release, history), tomorrow)]


def drop(branches: list[Any], name: str) -> None:
    branches.remove({"$ref": f"#/components/schemas/{name}"})


def test_a_body_vanishes_only_with_the_tombstone_of_its_payload(schemas: Any):
    assert told(schemas) == told(schemas, PAYLOAD) == []
    drop(schemas["SubmitTask"]["oneOf"], "webhook.deliver")
    assert GONE in told(schemas)
    assert GONE in told(schemas, "payload.webhook.deliver.v2", RESULT)
    assert told(schemas, PAYLOAD) == []


def test_all_else_is_judged_beside_a_tombstone(schemas: Any):
    drop(schemas["SubmitTask"]["oneOf"], "webhook.deliver")
    schemas["note.process"]["properties"]["title"]["maxLength"] = 100
    assert told(schemas, PAYLOAD) == [("R7", "POST /tasks request $.title")]


def test_a_result_vanishes_only_when_no_living_contract_has_it(schemas: Any):
    drop(schemas["SubmitTask"]["oneOf"], "webhook.deliver")
    drop(schemas["TaskView"]["properties"]["result"]["anyOf"], "WebhookDelivered")
    assert (
        {rule for rule, _ in told(schemas, PAYLOAD)} == {rule for rule, _ in told(schemas, PAYLOAD, RESULT)} == {"R3"}
    )
    assert told(schemas, PAYLOAD, RESULT, NEXT_RESULT) == []
