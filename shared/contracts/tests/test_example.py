"""The example of a struct: made from the examples of its fields, and one that reads."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
import pytest
from msgspec import Meta, Struct
from waybill_contracts import decode
from waybill_contracts.catalogue import catalogue
from waybill_contracts.example import NoExample, example


class Inner(Struct):
    many: Annotated[int, Meta(ge=3)]


class Plain(Struct):
    text: str
    short: Annotated[str, Meta(min_length=9)]
    size: Annotated[int, Meta(ge=1, le=5)]
    below: Annotated[int, Meta(lt=0)]
    flag: bool
    mode: Literal["fast", "slow"]
    at: Annotated[datetime, Meta(tz=True)]
    id: UUID
    pair: tuple[int, str]
    inner: Inner
    inners: Annotated[list[Inner], Meta(min_length=1)]
    maybe: int | None
    headers: dict[str, str]
    anything: Any
    left_out: int = 3


class Patterned(Struct):
    url: Annotated[str, Meta(pattern="^https:")]


@pytest.mark.parametrize("name", catalogue())
def test_every_contract_has_an_example_that_its_struct_reads(name):
    struct = catalogue()[name].struct
    msgspec.convert(example(struct), struct)


def test_the_example_of_the_message_is_decoded():
    message = msgspec.convert(example(catalogue()["task.requested.v1"].struct), catalogue()["task.requested.v1"].struct)
    assert decode(msgspec.json.encode(message)) == message


def test_a_required_field_without_example_gets_a_value_of_its_type():
    made = example(Plain)
    assert (made["text"], made["mode"], made["inner"]) == ("text", "fast", {"many": 3})
    assert "left_out" not in made
    msgspec.convert(made, Plain)


def test_a_field_with_a_pattern_and_no_example_is_named():
    with pytest.raises(NoExample, match=r"Patterned needs Meta\(examples=\[\.\.\.\]\).*\$\.url"):
        example(Patterned)
