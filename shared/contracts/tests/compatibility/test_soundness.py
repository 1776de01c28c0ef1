"""Where the checker finds no break, an independent validator takes every document that the writer may write."""

from functools import cache

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from waybill_contracts.catalogue import Schema, catalogue, reader_schema, writer_schema
from waybill_contracts.compatibility import breaks

from shared.contracts.tests.compatibility.breaking_fields import FIELD_EDITS
from shared.contracts.tests.compatibility.breaking_values import VALUE_EDITS
from shared.contracts.tests.compatibility.edit import views
from shared.contracts.tests.compatibility.generated_documents import documents
from shared.contracts.tests.compatibility.generated_schemas import SCHEMAS, changed
from shared.contracts.tests.compatibility.harmless_edits import HARMLESS_EDITS
from shared.contracts.tests.compatibility.shipments import FIELDS

PATIENT = settings(deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
ONE_WAY = [
    (f"{edit.what}: {way}", writer, reader)
    for edit in [*FIELD_EDITS, *VALUE_EDITS, *HARMLESS_EDITS]
    for way, writer, reader, found in [
        ("old to new", views(edit.before)[0], views(edit.after)[1], edit.new_reader),
        ("new to old", views(edit.after)[0], views(edit.before)[1], edit.old_reader),
    ]
    if not found
]


@cache
def written_by(number: int) -> st.SearchStrategy[object]:
    return documents(ONE_WAY[number][1])


def takes(reader: Schema, document: object) -> bool:
    return Draft202012Validator(reader, format_checker=Draft202012Validator.FORMAT_CHECKER).is_valid(document)


@given(st.data(), SCHEMAS)
@settings(PATIENT, max_examples=250)
def test_a_generated_document_is_taken_by_a_reader_that_is_compatible(data: st.DataObject, writer: Schema):
    reader = data.draw(changed(writer))
    if breaks(writer, reader) == []:
        written = documents(writer)
        if not written.is_empty:
            document = data.draw(written)
            assert takes(reader, document), (writer, reader, document)


@given(SCHEMAS)
@settings(PATIENT, max_examples=150)
def test_every_schema_is_compatible_with_itself(schema: Schema):
    assert breaks(schema, schema) == []


@given(st.data(), st.integers(0, len(ONE_WAY) - 1))
@settings(PATIENT, max_examples=60)
def test_documents_of_an_edited_struct_are_taken_where_the_checker_says_so(data: st.DataObject, number: int):
    what, writer, reader = ONE_WAY[number]
    document = data.draw(written_by(number))
    assert takes(writer, document)
    assert takes(reader, document), what


@given(st.sets(st.sampled_from(sorted(FIELDS)), min_size=1), st.booleans(), st.booleans())
@settings(PATIENT, max_examples=60)
def test_what_a_struct_writes_it_reads(names: set[str], omit_defaults: bool, forbid_unknown_fields: bool):
    listed = [
        (name, *FIELDS[name]) if isinstance(FIELDS[name], tuple) else (name, FIELDS[name]) for name in sorted(names)
    ]
    struct = msgspec.defstruct(
        "Any", listed, kw_only=True, omit_defaults=omit_defaults, forbid_unknown_fields=forbid_unknown_fields
    )
    assert breaks(writer_schema(struct), reader_schema(struct)) == []


@pytest.mark.parametrize("name", catalogue())
def test_documents_by_a_contract_are_taken_by_its_reader(name: str):
    contract = catalogue()[name]

    @given(documents(contract.writer()))
    @settings(PATIENT, max_examples=20)
    def each(document: object) -> None:
        assert takes(contract.reader(), document)

    each()
