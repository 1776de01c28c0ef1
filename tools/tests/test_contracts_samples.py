"""Golden samples: which there are, and that they are what a writer writes."""

from collections.abc import Callable
from enum import StrEnum
from typing import Annotated, Any, Literal

import msgspec
import pytest
from msgspec import UNSET, Meta, Struct, UnsetType
from waybill_contracts import TaskRequested, decode
from waybill_contracts.catalogue import Contract, catalogue

from tools.contracts.samples import NoSample, golden_samples

Samples = Callable[[type[Struct]], dict[str, Any]]


class Colour(StrEnum):
    RED = "red"
    GREEN = "green"


class Sender(Struct):
    name: str
    city: str | UnsetType = UNSET


class Parcel(Struct, omit_defaults=True):
    weight_g: Annotated[int, Meta(ge=1, le=30_000)]
    sender: Sender
    label: Annotated[str, Meta(min_length=2, max_length=5)]
    colour: Colour | None = None
    mode: Literal["air", "sea"] = "sea"
    fragile: bool = False
    notes: list[str] = []
    size: float | None = None


def of(struct: type[Struct]) -> dict[str, Any]:
    nobody: frozenset[Any] = frozenset()
    made = golden_samples(Contract("parcel.v1", struct, nobody, nobody))
    return {name: msgspec.json.decode(document) for name, document in made.items()}


def test_minimal_has_no_optional_field_and_maximal_has_them_all() -> None:
    samples = of(Parcel)
    assert samples["minimal"] == {"weight_g": 1, "sender": {"name": "text"}, "label": "text"}
    maximal = samples["maximal"]
    assert maximal.keys() == {"weight_g", "sender", "label", "colour", "fragile", "notes", "size"}
    assert maximal["sender"].keys() == {"name", "city"}
    assert len(maximal["notes"]) > 1


def test_numbers_and_texts_stand_at_their_bounds() -> None:
    samples = of(Parcel)
    assert (samples["lowest"]["weight_g"], samples["maximal"]["weight_g"]) == (1, 30_000)
    assert (len(samples["lowest"]["label"]), len(samples["maximal"]["label"])) == (2, 5)


def test_each_optional_field_stands_alone_once_at_any_depth() -> None:
    samples, minimal = of(Parcel), of(Parcel)["minimal"]
    for name, sample in samples.items():
        if name.startswith("only-") and name != "only-sender-city":
            assert len(sample.keys() - minimal.keys()) == 1, name
    assert samples["only-sender-city"]["sender"] == {"name": "text", "city": "text"}
    assert samples["only-notes"]["notes"] == ["text"]


def test_each_value_of_an_enum_and_each_branch_of_a_union_has_a_sample() -> None:
    written = list(of(Parcel).values())
    assert {sample.get("colour") for sample in written} == {"red", "green", None}
    assert {sample.get("mode", "sea") for sample in written} == {"air", "sea"}
    assert {sample.get("fragile", False) for sample in written} == {True, False}


def test_unicode_stands_in_every_free_text() -> None:
    sample = of(Parcel)["unicode"]
    assert all("\U0001f69a" in text for text in (sample["sender"]["name"], sample["sender"]["city"], *sample["notes"]))


def test_a_pattern_takes_its_examples_and_each_of_them_has_a_sample() -> None:
    class Coded(Struct):
        code: Annotated[str, Meta(pattern="^[A-Z]{2}[0-9]*$", examples=["AB1", "CD", "EF123"])]

    samples = of(Coded)
    assert {sample["code"] for sample in samples.values()} == {"AB1", "CD", "EF123"}
    assert (samples["lowest"]["code"], samples["maximal"]["code"]) == ("CD", "EF123")


class Unexplained(Struct):
    inner: list[Annotated[str, Meta(pattern="^x+$")]]


class Wrong(Struct):
    code: Annotated[str, Meta(pattern="^x+$", examples=["y"])]


class Unknown(Struct):
    at: msgspec.Raw


@pytest.mark.parametrize(
    ("struct", "complaint"),
    [
        (Unexplained, "parcel.v1: $.inner has a pattern, so it needs values to try: Meta(pattern=…, examples=[…])"),
        (Wrong, "parcel.v1: Wrong needs Meta(examples=[...]): "),
        (Unknown, "parcel.v1: $.at RawType is not known here: teach tools/contracts/values.py"),
    ],
)
def test_a_field_that_no_sample_can_be_made_of_is_named(struct: type[Struct], complaint: str) -> None:
    with pytest.raises(NoSample) as refused:
        of(struct)
    assert str(refused.value).startswith(complaint)


def test_a_struct_inside_itself_comes_to_an_end() -> None:
    assert of(Nested)["maximal"]["inner"]["inner"]


class Nested(Struct):
    inner: "Nested | None" = None


def test_messages_are_consistent_and_every_one_is_read() -> None:
    for name, document in golden_samples(catalogue()["task.requested.v1"]).items():
        message = decode(document)
        assert isinstance(message, TaskRequested), name
        assert message.id == f"{message.subject}/{message.data.dispatch}"


def test_messages_go_to_the_ends_of_time_and_of_numbers() -> None:
    samples = golden_samples(catalogue()["task.requested.v1"])
    assert b'"time":"0001-01-01T00:00:00Z"' in samples["lowest"]
    assert b'"time":"9999-12-31T23:59:59.999999Z"' in samples["maximal"]
    assert b'"dispatch":2147483647' in samples["maximal"]


@pytest.mark.parametrize("contract", catalogue().values(), ids=lambda contract: contract.name)
def test_every_contract_has_samples_the_same_each_time(contract: Contract) -> None:
    samples = golden_samples(contract)
    assert samples == golden_samples(contract)
    assert {"example", "minimal", "maximal"} <= samples.keys()
