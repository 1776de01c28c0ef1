"""C11: JSON that outlives the code which stored it. Payloads, results and errors: structure, samples, any spelling."""

import json
from random import Random

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from waybill_contracts import KINDS, find_upcast
from waybill_contracts.catalogue import catalogue, digest

from tests.contract import strategies
from tests.contract.drawn import promised, storable
from tests.contract.released import refuse
from tests.contract.variants import escaped, known_names, map_names, shuffled, spaced, with_unknown_fields
from tests.contract.wheels import releases
from tools.contracts.comparison import by_samples, is_stored, structural
from tools.contracts.readings import differences, reading, readings, refusal
from tools.contracts.upcasts import by_upcasts, failure

repeatable = settings(strategies.repeatable, max_examples=30)
TODAY = {name: contract for name, contract in catalogue().items() if is_stored(name)}


def different(view):
    """Each view that stands for itself, by a name to show: (contract, schema). Most releases change few of them."""
    everyone = [(f"{name} of today", name, getattr(one, view)()) for name, one in TODAY.items()]
    for release in releases():
        schemas = getattr(release, f"{view}s")
        everyone += [(f"{name} of {release.version}", name, schemas[name]) for name in schemas if name in TODAY]
    found = {(name, digest(schema)): (shown, name, schema) for shown, name, schema in reversed(everyone)}
    return {shown: (name, schema) for shown, name, schema in found.values()}


WRITERS, READERS = different("writer"), different("reader")
LATER = {f"{each.kind}.v{each.version}": each for each in KINDS if KINDS.find(each.kind, each.version - 1)}


def test_what_is_stored_today_and_what_was_stored_ever_is_read_by_today_and_by_every_release(versions) -> None:
    everyone = [*versions.before, versions.today]
    refuse(structural(everyone, everyone, is_stored))


def test_every_document_ever_released_is_read_as_its_release_did(versions) -> None:
    for release, version in zip(versions.history.releases, versions.before, strict=True):
        refuse(by_samples(version, release.readings, versions.today.label, readings(release.samples), is_stored))


@pytest.mark.parametrize("name", TODAY)
def test_the_documents_that_todays_release_would_keep_are_read_and_written_again_the_same(versions, name) -> None:
    for sample, document in versions.todays_samples()[name].items():
        read = msgspec.json.decode(document, type=TODAY[name].struct)
        assert msgspec.json.encode(read) == document, sample


@pytest.mark.parametrize("writer", WRITERS)
def test_every_document_that_a_writer_promised_is_read_with_the_values_it_holds(writer) -> None:
    name, schema = WRITERS[writer]
    for document in promised(schema):
        assert differences(document, taken(name, document)) == [], document


@pytest.mark.parametrize("reader", READERS)
def test_every_reader_ever_released_takes_any_value_that_is_stored_today(reader) -> None:
    name, schema = READERS[reader]
    judge = Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER)
    for value in storable(TODAY[name].struct):
        document = json.loads(msgspec.json.encode(value))
        assert [error.message for error in judge.iter_errors(document)] == [], document


@pytest.mark.parametrize("writer", WRITERS)
def test_order_white_space_and_escapes_mean_nothing(writer) -> None:
    name, schema = WRITERS[writer]
    for seed, document in enumerate(promised(schema)):
        read, random = taken(name, document), Random(seed)
        spellings = json.dumps(shuffled(document, random)), spaced(json.dumps(document), random)
        for spelling in (*spellings, escaped(document, random)):
            assert differences(read, taken_text(name, spelling)) == [], spelling


@pytest.mark.parametrize("writer", WRITERS)
@given(st.data())
@repeatable
def test_fields_of_a_newer_writer_change_nothing(writer, data) -> None:
    name, schema = WRITERS[writer]
    document = data.draw(st.sampled_from(promised(schema)))
    reader = TODAY[name].reader()
    grown = data.draw(with_unknown_fields(document, known_names(reader), map_names(reader)))
    assert differences(taken(name, document), taken(name, grown)) == []


def test_every_golden_payload_of_a_version_is_one_of_the_next_version(versions) -> None:
    versions.todays_samples()
    refuse(by_upcasts([*versions.before, versions.today]))


@pytest.mark.parametrize("newer", LATER.values(), ids=LATER)
def test_every_payload_of_a_version_is_one_of_the_next_version(newer) -> None:
    older = KINDS.find(newer.kind, newer.version - 1)
    upcast = find_upcast(KINDS, older, newer)
    assert upcast is not None
    for payload in storable(older):
        assert not failure(upcast, payload, newer), payload


def taken(name, document):
    return taken_text(name, json.dumps(document))


def taken_text(name, text):
    """What today's reader makes of a stored document, which it must take."""
    read = reading(TODAY[name], text.encode())
    assert refusal(read) is None, refusal(read)
    return read
