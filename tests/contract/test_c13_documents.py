"""C13: documents are what releases and structs make of them, and their examples are golden samples that validate."""

import copy
import json
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest
from waybill_api.openapi import make_document
from waybill_api.openapi.schemas import submit_name
from waybill_api.submission import read_submission
from waybill_contracts import KINDS
from waybill_contracts.catalogue import catalogue

from tests.contract.released import Versions
from tools.contracts.asyncapi import CHANNEL, asyncapi_document
from tools.contracts.chain import shown
from tools.contracts.documents import DOCUMENTS, make_documents, stale
from tools.contracts.history import RELEASED, History
from tools.contracts.pages import contract_pages
from tools.contracts.queue_template import read_queue
from tools.contracts.samples import golden_samples

META_SCHEMA = jsonschema.Draft7Validator(json.loads((Path(__file__).parent / "asyncapi-3.1.0.json").read_text()))
FORMATS = jsonschema.Draft202012Validator.FORMAT_CHECKER


@pytest.fixture(scope="module")
def document(versions: Versions) -> dict[str, Any]:
    """The AsyncAPI document of the newest release."""
    return asyncapi_document(versions.history, read_queue())


def test_the_committed_documents_are_what_the_releases_make_of_them() -> None:
    old = stale(make_documents(History.read(RELEASED)))
    if old:
        names = "\n".join(f"  {shown(path)}" for path in old)
        pytest.fail(f"\nSTALE  C13  documents\n{names}\n  way out: ./justw contracts-docs writes them", pytrace=False)


def test_the_description_of_the_queue_is_valid_asyncapi(document: dict[str, Any]) -> None:
    assert [f"{error.json_path}: {error.message}" for error in META_SCHEMA.iter_errors(document)] == []


def shout(document: dict[str, Any]) -> None:
    document["operations"]["sendTaskRequested"]["action"] = "shout"


def lose_the_queues_name(document: dict[str, Any]) -> None:
    del document["channels"][CHANNEL]["bindings"]["sqs"]["queue"]["name"]


def lose_the_host(document: dict[str, Any]) -> None:
    del document["servers"]["sqs"]["host"]


def examples_without_payload(document: dict[str, Any]) -> None:
    for message in document["components"]["messages"].values():
        message["examples"] = [{"name": "empty"}]


@pytest.mark.parametrize("spoil", [shout, lose_the_queues_name, lose_the_host, examples_without_payload])
def test_the_meta_schema_refuses_a_document_with_an_error_in_it(document: dict[str, Any], spoil: Any) -> None:
    spoiled = copy.deepcopy(document)
    spoil(spoiled)
    assert not META_SCHEMA.is_valid(spoiled)


def test_every_reference_in_the_description_of_the_queue_leads_somewhere(document: dict[str, Any]) -> None:
    found = list(references(document))
    assert found
    for pointer in found:
        part = document
        for step in pointer.removeprefix("#/").split("/"):
            part = part[step]


def references(part: Any) -> Any:
    if isinstance(part, dict):
        yield from [part["$ref"]] if isinstance(part.get("$ref"), str) else []
    for inner in part.values() if isinstance(part, dict) else part if isinstance(part, list) else ():
        yield from references(inner)


def test_every_message_has_examples_and_each_validates_against_its_own_schema(document: dict[str, Any]) -> None:
    for name, message in document["components"]["messages"].items():
        jsonschema.Draft202012Validator.check_schema(message["payload"]["schema"])
        validator = jsonschema.Draft202012Validator(message["payload"]["schema"], format_checker=FORMATS)
        assert message["examples"], name
        for example in message["examples"]:
            validator.validate(example["payload"])


def test_every_field_of_every_contract_stands_on_its_page(versions: Versions) -> None:
    pages = contract_pages(versions.history)
    for name in versions.history.newest.manifest.contracts:
        [page] = [text for text in pages.values() if f"## {name}\n" in text]
        section = page.partition(f"## {name}\n")[2].partition("\n## ")[0]
        for struct in versions.history.newest.readers[name]["$defs"].values():
            for field in struct.get("properties", {}):
                assert f"{field}` |" in section, (name, field)


def test_the_index_names_every_page(versions: Versions) -> None:
    index = (DOCUMENTS / "README.md").read_text()
    assert [name for name in make_documents(versions.history) if f"({name})" not in index] == []


def test_every_kind_and_version_has_an_example_in_the_api_s_document() -> None:
    names = "".join(openapi_examples())
    missing = [submit_name(payload) for payload in KINDS if submit_name(payload) not in names]
    assert not missing, f"give the fields of {missing} Meta(examples=[...])"


def test_every_example_of_the_api_is_a_golden_sample_of_its_kind_and_fits_the_schema() -> None:
    document = make_document()
    schema = {"$ref": "#/components/schemas/SubmitTask", "components": document["components"]}
    validator = jsonschema.Draft202012Validator(schema, format_checker=FORMATS)
    for name, body in openapi_examples().items():
        validator.validate(body)
        task = read_submission(body, None)
        contract = catalogue()[f"payload.{task.kind}.v{task.payload_version}"]
        stored = msgspec.json.decode(task.payload)
        samples = golden_samples(contract).items()
        assert stored in [msgspec.json.decode(sample) for _, sample in samples], f"{name}: no sample of {contract.name}"


def openapi_examples() -> dict[str, Any]:
    """The bodies that /docs offers to try, by name."""
    content = make_document()["paths"]["/tasks"]["post"]["requestBody"]["content"]["application/json"]
    return {name: example["value"] for name, example in content["examples"].items()}
