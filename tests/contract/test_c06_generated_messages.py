"""C6: whatever a writer of `task.requested` writes, and however it is put into JSON, today's reader takes the same."""

import json
from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from waybill_contracts import Poison, decode, encode, task_requested
from waybill_contracts.catalogue import catalogue
from waybill_contracts.message import Dispatch, KindName, PayloadVersion

from tests.contract.side import Side
from tests.contract.strategies import documents, drawn, randoms, repeatable, values
from tests.contract.variants import escaped, known_names, shuffled, spaced, with_unknown_fields
from tests.contract.wheels import different_writers
from tools.contracts.readings import differences

TYPE = "task.requested."
READERS = {name: contract for name, contract in catalogue().items() if name.startswith(TYPE)}
TODAY = Side()
WRITERS = different_writers(READERS)
KNOWN = frozenset[str]().union(*(known_names(contract.reader()) for contract in READERS.values()))

of_the_builder = st.builds(
    task_requested,
    task_id=st.uuids(),
    kind=values(KindName),
    payload_version=values(PayloadVersion),
    dispatch=values(Dispatch),
    written_at=st.datetimes(timezones=st.just(UTC)),
    traceparent=st.none() | st.text(st.characters(codec="utf-8"), max_size=128),
)


def of_a_promise(schema):
    """Any document of a writer's schema, which cannot say that the subject is the task's id."""
    return documents(schema).map(lambda written: written | {"subject": written["data"]["task_id"]})


written = st.sampled_from(
    [document for schema in WRITERS.values() for document in drawn(of_a_promise(schema), 40)]
    + [json.loads(encode(message)) for message in drawn(of_the_builder, 40)]
)
"""To be written in other ways."""


@given(of_the_builder)
@repeatable
def test_every_message_that_a_relay_can_write_is_read_back_the_same(message):
    assert decode(encode(message)) == message
    assert decode(encode(message).decode()) == message


@pytest.mark.parametrize("struct", [contract.struct for contract in READERS.values()], ids=lambda one: one.__name__)
@given(st.data())
@repeatable
def test_every_value_of_the_struct_is_read_back_the_same(struct, data):
    message = data.draw(values(struct))
    message = msgspec.structs.replace(message, subject=str(message.data.task_id))
    assert decode(encode(message)) == message


@pytest.mark.parametrize("writer", WRITERS)
@given(st.data())
@repeatable
def test_every_document_that_a_writer_promised_is_read_with_the_values_it_holds(writer, data):
    document = data.draw(of_a_promise(WRITERS[writer]))
    assert differences(TODAY.plain(taken(document)), in_utc(document)) == []


@given(written, randoms)
@repeatable
def test_the_order_of_fields_means_nothing(document, random):
    assert taken(shuffled(document, random)) == taken(document)


@given(written, randoms)
@repeatable
def test_white_space_between_tokens_means_nothing(document, random):
    assert taken_text(spaced(json.dumps(document), random)) == taken(document)


@given(written, randoms)
@repeatable
def test_an_escaped_character_is_that_character(document, random):
    assert taken_text(escaped(document, random)) == taken(document)


@given(written, st.data())
@repeatable
def test_unknown_fields_at_any_level_change_nothing(document, data):
    assert taken(data.draw(with_unknown_fields(document, KNOWN))) == taken(document)


@given(written, st.data())
@repeatable
def test_leaving_out_what_is_optional_changes_nothing_else(document, data):
    whole = TODAY.plain(taken(document))
    contract = READERS[document["type"].removeprefix("waybill.")]
    optional = sorted(set(document) - set(root(contract.reader())["required"]))
    left_out = data.draw(st.sets(st.sampled_from(optional))) if optional else ()
    rest, of_the_rest = ({k: v for k, v in one.items() if k not in left_out} for one in (document, whole))
    assert differences(of_the_rest, TODAY.plain(taken(rest))) == []


def root(schema):
    """The schema of the document itself."""
    return schema["$defs"][schema["$ref"].rpartition("/")[2]]


def in_utc(document):
    """A document with its time as readers show it."""
    return document | {"time": TODAY.plain(msgspec.convert(document["time"], datetime))}


def taken(document):
    return taken_text(json.dumps(document))


def taken_text(text):
    """What `decode` makes of a text, which must be a message."""
    read = decode(text.encode())
    assert not isinstance(read, Poison), read
    return read
