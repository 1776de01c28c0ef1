"""What was retired, as HTTP shows it: bodies that clients submitted, and results that they were shown."""

import copy
from collections.abc import Callable, Mapping
from typing import Any

from waybill_contracts import DEFAULT_KIND
from waybill_contracts.catalogue import Schema

from tools.contracts.history import History

_SCHEMAS = "#/components/schemas/"
_DEFS = "#/$defs/"


def without_retired(document: Schema, history: History) -> Schema:
    """The OpenAPI document of a release, as clients know it who use nothing that has a tombstone.

    All else of it must go on: a body that vanishes is forgiven for the tombstone of its payload, and a result for its
    own.
    """
    kept = copy.deepcopy(document)
    schemas = kept["components"]["schemas"]
    retired, results = history.tombstones.contracts, retired_results(history)
    _drop(schemas["SubmitTask"], "oneOf", lambda name: submitted_by(schemas.get(name, {})) in retired)
    _drop(schemas["TaskView"]["properties"]["result"], "anyOf", results.__contains__)
    return kept


def submitted_by(body: Schema) -> str:
    """The contract of the payload that a body submits, by the schema of that body: `payload.note.process.v1`."""
    constants = {name: schema.get("const") for name, schema in body.get("properties", {}).items()}
    return payload_contract(constants)


def payload_contract(body: Mapping[str, Any]) -> str:
    """The same, by the body itself; kind and version have been optional ever since."""
    return f"payload.{body.get('kind', DEFAULT_KIND)}.v{body.get('payload_version', 1)}"


def retired_results(history: History) -> frozenset[str]:
    """Names of the structs that only retired results had, in any release."""
    named = [
        (contract in history.tombstones.contracts, schema["$ref"].removeprefix(_DEFS))
        for release in history.releases
        for contract, schema in release.writers.items()
        if contract.startswith("result.")
    ]
    living = {name for is_retired, name in named if not is_retired}
    return frozenset(name for is_retired, name in named if is_retired) - living


def _drop(schema: Schema, keyword: str, is_dropped: Callable[[str], bool]) -> None:
    """Leave out the branches that refer to a dropped schema of the document."""
    branches: list[Schema] = schema.get(keyword, [])
    if branches:
        schema[keyword] = [one for one in branches if not is_dropped(_name(one))]


def _name(branch: Schema) -> str:
    return str(branch.get("$ref", "")).removeprefix(_SCHEMAS)
