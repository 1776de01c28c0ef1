"""Kinds: how they are declared, the table that holds them, the structs that ship."""

from typing import Annotated

import msgspec
import pytest
from waybill_contracts import DEFAULT_KIND, KINDS, DuplicateKind, KindTable, TaskPayload, TaskResult, unknown_fields
from waybill_contracts.kinds.note_process import NoteProcessed, ProcessNote
from waybill_contracts.kinds.webhook_deliver import DeliverWebhook
from waybill_contracts.kinds.webhook_deliver_v2 import DeliverWebhookV2

PAYLOADS = list(KINDS)
STRUCTS = [struct for payload in PAYLOADS for struct in (payload, payload.result)]

RELEASED_NAMES = {("note.process", 1), ("webhook.deliver", 1), ("webhook.deliver", 2)}
"""Grows with each release, and never shrinks: a name that once meant something never means another thing."""

WEBHOOKS = [DeliverWebhook, DeliverWebhookV2]


class Done(TaskResult):
    """Result of the kinds that are made up here."""


@pytest.mark.parametrize(
    "name", ["", "note", "Note.process", "note.Process", "note.process.now", "note process", "1.2", "note.", "note.a\n"]
)
def test_a_kind_that_does_not_read_noun_verb_is_refused(name):
    with pytest.raises(TypeError, match=r"must read noun\.verb"):

        class Wrong(TaskPayload, kind=name, result=Done):
            pass


def test_a_kind_of_65_characters_is_refused_and_one_of_64_is_not():
    with pytest.raises(TypeError, match="at most 64 characters"):

        class TooLong(TaskPayload, kind="a." + "b" * 63, result=Done):
            pass

    class LongEnough(TaskPayload, kind="a." + "b" * 62, result=Done):
        pass

    assert len(LongEnough.kind) == 64


def test_a_kind_must_say_what_its_handler_returns():
    with pytest.raises(TypeError, match="say what its handler returns"):

        class WithoutResult(TaskPayload, kind="thing.do"):
            pass

    with pytest.raises(TypeError, match="a subclass of TaskResult"):

        class WithAnyResult(TaskPayload, kind="thing.do", result=dict):
            pass


def test_a_table_refuses_a_struct_that_names_no_kind():
    class Nameless(TaskPayload):
        pass

    with pytest.raises(TypeError, match="Nameless: name its kind"):
        KindTable(Nameless)


def test_a_table_refuses_a_struct_that_could_never_be_read():
    class Unreadable(TaskPayload, kind="thing.do", result=Done):
        text: "NowhereDefined"  # noqa: F821

    with pytest.raises(TypeError, match="Unreadable: its fields cannot be read from JSON: name 'NowhereDefined'"):
        KindTable(Unreadable)


def test_two_structs_of_one_kind_and_version_are_refused_by_both_names():
    class First(TaskPayload, kind="thing.do", result=Done):
        pass

    class Second(TaskPayload, kind="thing.do", result=Done):
        pass

    with pytest.raises(DuplicateKind, match=r"First and Second are both thing\.do version 1"):
        KindTable(First, Second)


def test_two_versions_of_one_kind_stand_side_by_side():
    class One(TaskPayload, kind="thing.do", version=1, result=Done):
        pass

    class Two(TaskPayload, kind="thing.do", version=2, result=Done):
        pass

    table = KindTable(Two, One)
    assert (table.versions("thing.do"), table.versions("other.do"), len(table)) == ([1, 2], [], 2)
    assert (table.find("thing.do", 2), table.find("thing.do", 3)) == (Two, None)
    assert table.names() == ["thing.do"]


def test_every_name_ever_released_is_still_there_and_means_one_struct():
    names = [(payload.kind, payload.version) for payload in PAYLOADS]
    assert len(set(names)) == len(names)
    assert set(names) >= RELEASED_NAMES


def test_the_default_kind_is_the_one_that_the_first_clients_meant():
    assert DEFAULT_KIND == "note.process"
    assert KINDS.find(DEFAULT_KIND, 1) is ProcessNote
    assert ProcessNote.result is NoteProcessed


@pytest.mark.parametrize("struct", STRUCTS, ids=lambda struct: struct.__name__)
def test_a_schema_can_be_made_of_every_payload_and_result(struct):
    schema = msgspec.json.schema(struct)
    [definition] = [d for d in schema["$defs"].values() if d["title"] == struct.__name__]
    assert definition["type"] == "object"
    assert definition.get("description"), "say what it is: the description goes into the OpenAPI document"


@pytest.mark.parametrize("struct", STRUCTS, ids=lambda struct: struct.__name__)
def test_payloads_and_results_omit_no_default_and_refuse_no_unknown_field(struct):
    config = struct.__struct_config__
    assert not config.omit_defaults, "an absent field would look unknown to the API"
    assert not config.forbid_unknown_fields, "a newer writer may add a field"


@pytest.mark.parametrize("webhook", WEBHOOKS)
@pytest.mark.parametrize("url", ["https://example.com", "http://127.0.0.1:8080/hook?a=b#c", "https://example.com/@you"])
def test_a_webhook_goes_to_http_and_https(url, webhook):
    assert msgspec.convert({"url": url, "body": ""}, webhook).url == url


@pytest.mark.parametrize("webhook", WEBHOOKS)
@pytest.mark.parametrize(
    "url",
    [
        "",
        "//example.com",
        "ftp://example.com",
        "https://",
        "https://me:secret@example.com",
        "https://example.com/a b",
        "https://example.com\n",
        "https://example.com/\n",
        "https://e" + "x" * 8192,
    ],
)
def test_a_webhook_goes_nowhere_else(url, webhook):
    with pytest.raises(msgspec.ValidationError, match="url"):
        msgspec.convert({"url": url, "body": ""}, webhook)


class Inner(msgspec.Struct):
    """A struct in a payload."""

    a: int = 0
    renamed: Annotated[list[int], msgspec.Meta(max_length=9)] = []


class Outer(msgspec.Struct):
    """A payload with structs at several depths."""

    inner: Inner = msgspec.field(default_factory=Inner)
    many: list[Inner] = []
    named: dict[str, Inner] = {}
    any: object = None


@pytest.mark.parametrize(
    ("document", "unknown"),
    [
        ({}, []),
        ({"x": 1}, ["$.x"]),
        ({"inner": {"a": 1, "y": 2}}, ["$.inner.y"]),
        ({"many": [{}, {"a": 1, "z": 1}, {"w": [1]}]}, ["$.many[1].z", "$.many[2].w"]),
        ({"named": {"k": {"v": 1}}}, ["$.named.k.v"]),
        ({"any": {"whatever": [{"is": "here"}]}}, []),
        ({"x": 1, "inner": {"y": 1}, "any": [1]}, ["$.x", "$.inner.y"]),
    ],
)
def test_unknown_fields_are_found_at_any_depth(document, unknown):
    read = msgspec.to_builtins(msgspec.convert(document, Outer))
    assert unknown_fields(document, read) == unknown
