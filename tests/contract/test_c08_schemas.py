"""C8: what a reader's schema says of a document is what the reader does with it, but for differences listed here."""

import json
import re
from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from waybill_contracts.catalogue import catalogue

from tests.contract.drawn import storable
from tests.contract.strategies import any_json, documents, drawn, repeatable
from tests.contract.variants import at, places, set_at
from tools.contracts.readings import reading, refusal
from tools.contracts.samples import golden_samples

CONTRACTS = catalogue()
FORMATS = Draft202012Validator.FORMAT_CHECKER
VALIDATORS = {n: Draft202012Validator(one.reader(), format_checker=FORMATS) for n, one in CONTRACTS.items()}


class Difference(NamedTuple):
    """Where schema and reader disagree for good; `cure` writes a value so that they agree, or leaves it as it is."""

    why: str
    contract: str
    change: tuple[tuple[Any, ...], str]
    """A golden sample of that contract shows it, once the value at this place is this JSON text."""
    cure: Callable[[Any], Any]


def without_fraction(value):
    return int(value) if isinstance(value, float) and value.is_integer() else value


def with_hyphens(value):
    return str(UUID(value)) if isinstance(value, str) and re.fullmatch("[0-9a-fA-F]{32}", value) else value


def as_rfc_3339(value):
    """A space for the T, and an offset without its colon."""
    found = re.fullmatch(r"(\d{4}-\d\d-\d\d)[ Tt](.*?)([+-]\d\d)?:?(\d\d)?", value) if isinstance(value, str) else None
    if not found or not found[3]:
        return f"{value[:10]}T{value[11:]}" if found else value
    return f"{found[1]}T{found[2]}{found[3]}:{found[4]}"


def without_newline(value):
    return value.removesuffix("\n") if isinstance(value, str) and re.match(r"\d{4}-\d\d-\d\d", value) else value


def of_its_task(value):
    match value:
        case {"subject": str(), "data": {"task_id": str(task_id)}}:
            return value | {"subject": task_id.lower()}
        case _:
            return value


KNOWN = {
    "1.0 is an integer": Difference(
        "JSON Schema calls a number without a fraction an integer; msgspec wants it written as one, and so do we",
        "task.requested.v1",
        (("data", "payload_version"), "1.0"),
        without_fraction,
    ),
    "a UUID without hyphens": Difference(
        "msgspec reads it, RFC 9562 does not know it; no writer of ours writes it",
        "task.requested.v1",
        (("data", "task_id"), f'"{32 * "f"}"'),
        with_hyphens,
    ),
    "a time with a space": Difference(
        "msgspec reads what RFC 3339 leaves to those who agree on it; no writer of ours writes it",
        "task.requested.v1",
        (("time",), '"2026-01-02 03:04:05Z"'),
        as_rfc_3339,
    ),
    "an offset without its colon": Difference(
        "msgspec reads what ISO 8601 allows and RFC 3339 does not; no writer of ours writes it",
        "task.requested.v1",
        (("time",), '"2026-01-02T03:04:05+0000"'),
        as_rfc_3339,
    ),
    "a newline after a time": Difference(
        "the validator's pattern for RFC 3339 lets it pass, msgspec does not",
        "task.requested.v1",
        (("time",), '"2026-01-02T03:04:05Z\\n"'),
        without_newline,
    ),
    "a subject that is not the task's id": Difference(
        "a schema cannot compare two fields",
        "task.requested.v1",
        (("subject",), '"01890a5d-ac96-774b-bcce-b302099a8057"'),
        of_its_task,
    ),
    "a number that no float holds": Difference(
        "it is JSON, so a schema has nothing against it; msgspec refuses it, and PostgreSQL would store it",
        "payload.webhook.deliver.v1",
        (("body",), "1e400"),
        lambda value: 1.5 if value in (float("inf"), float("-inf")) else value,
    ),
}
"""All that is known. A pattern's dialect does not show here, for Python's is used on both sides."""


def schema_takes(contract, text):
    return VALIDATORS[contract].is_valid(json.loads(text))


def reader_takes(contract, text):
    return refusal(reading(CONTRACTS[contract], text.encode())) is None


def slips(value):
    """What a writer's slip makes of a value."""
    match value:
        case bool():
            return [int(value), str(value).lower(), None]
        case int():
            bounds = [0, 1, -1, 199, 200, 299, 300, 32767, 32768, 2**31 - 1, 2**31, 2**63, 2**64]
            return [*bounds, value + 1, -value, float(value), value + 0.5, str(value), value == 1, None, [value]]
        case float():
            return [round(value), -value, str(value), None]
        case str():
            changed = [value + "\n", value.upper(), value.lower(), value[1:], value[:-1], f" {value}", value * 10, ""]
            respelt = [value.replace("-", ""), value.replace("T", " "), value.replace("Z", "+0000"), value.rstrip("Z")]
            return [
                *changed,
                *respelt,
                value + "é" * 256,
                value + "x" * 8192,
                value + "\x00",
                len(value),
                None,
                [value],
            ]
        case dict():
            return [list(value.values()), list(value), None, json.dumps(value), {}, *_with_other_fields(value)]
        case _:
            return ["", 0, False, [], {}]


def _with_other_fields(value):
    for name in value:
        rest = {each: inner for each, inner in value.items() if each != name}
        yield from (rest, rest | {name.upper(): value[name]})
    yield value | {"more": [{"of": None}]}


def everywhere(document):
    """The document with each slip at each place, one at a time."""
    for where in [(), *places(document)]:
        for slip in slips(at(document, where)):
            yield set_at(document, where, slip)


@st.composite
def near_valid(draw, contract):
    """A document that the contract allows, with two slips."""
    document = draw(st.sampled_from(allowed(contract)))
    for _ in range(2):
        where = draw(st.sampled_from([(), *places(document)]))
        document = set_at(document, where, draw(st.sampled_from(slips(at(document, where))) | any_json))
    return document


@cache
def allowed(contract):
    """Documents that the schema promises to read, and values that the struct may hold."""
    held = [json.loads(msgspec.json.encode(one)) for one in storable(CONTRACTS[contract].struct)[:25]]
    return drawn(documents(CONTRACTS[contract].reader()), 25) + held


def cured(document):
    """The document without anything that is known to be judged differently."""
    if isinstance(document, dict):
        document = {name: cured(inner) for name, inner in document.items()}
    if isinstance(document, list):
        document = [cured(inner) for inner in document]
    for difference in KNOWN.values():
        document = difference.cure(document)
    return document


@pytest.mark.parametrize("contract", CONTRACTS)
def test_schema_and_reader_judge_every_slip_in_a_golden_sample_alike(contract):
    samples = map(json.loads, golden_samples(CONTRACTS[contract]).values())
    texts = {json.dumps(document) for sample in samples for document in everywhere(sample)}
    wrong = [problem for text in sorted(texts) if (problem := disagreement(contract, text))]
    if wrong:
        pytest.fail("\n".join([f"{len(wrong)} of {len(texts)} documents are judged differently", *wrong[:5]]), False)


@pytest.mark.parametrize("contract", CONTRACTS)
@given(st.data())
@settings(repeatable, max_examples=80)
def test_schema_and_reader_judge_generated_documents_alike(contract, data):
    text = json.dumps(data.draw(near_valid(contract)))
    assert disagreement(contract, text) is None


def disagreement(contract, text):
    """How schema and reader judge a document differently, beyond what is known; None if they do not."""
    if schema_takes(contract, text) == reader_takes(contract, text):
        return None
    text = json.dumps(cured(json.loads(text)))
    schema, reader = schema_takes(contract, text), reader_takes(contract, text)
    if schema == reader:
        return None
    why = [error.message[:200] for error in VALIDATORS[contract].iter_errors(json.loads(text))]
    return f"{contract}: the schema says {why or 'yes'}, the reader says {'yes' if reader else 'no'}, of {text[:1000]}"


@pytest.mark.parametrize("contract", CONTRACTS)
def test_both_take_every_golden_sample(contract):
    for sample in map(bytes.decode, golden_samples(CONTRACTS[contract]).values()):
        assert (schema_takes(contract, sample), reader_takes(contract, sample)) == (True, True)


@pytest.mark.parametrize("name", [name for name, one in KNOWN.items() if one.contract in CONTRACTS])
def test_each_known_difference_is_one_and_its_cure_ends_it(name):
    contract, (where, value) = KNOWN[name].contract, KNOWN[name].change
    sample = json.loads(golden_samples(CONTRACTS[contract])["maximal"])
    text = json.dumps(set_at(sample, where, "HERE")).replace('"HERE"', value)
    assert schema_takes(contract, text) != reader_takes(contract, text)
    text = json.dumps(cured(json.loads(text)))
    assert schema_takes(contract, text) == reader_takes(contract, text)


def test_the_validator_checks_the_formats_that_the_schemas_use():
    used = set(re.findall(r'"format": "([^"]+)"', json.dumps([one.reader() for one in CONTRACTS.values()])))
    assert used == {"uuid", "date-time"}
    assert used <= set(FORMATS.checkers)
