"""JSON Schema calls `1.0` an integer, so a client that goes by the OpenAPI document may send it for one."""

import json
from typing import Any

import msgspec
import pytest
from waybill_api.errors import InvalidRequest
from waybill_api.submission import read_submission
from waybill_api.whole_numbers import with_whole_numbers


class Inner(msgspec.Struct):
    count: int | None = None
    share: float = 0.5


class Outer(msgspec.Struct):
    inner: Inner
    many: list[int] = []
    named: dict[str, int] = {}
    either: int | float = 0
    anything: Any = None


def test_a_float_without_a_fraction_is_taken_for_an_integer():
    task = read_submission({"title": "t", "payload_version": 1.0, "payload": {"utc_offset_minutes": 60.0}}, None)
    assert (task.payload_version, json.loads(task.payload)["utc_offset_minutes"]) == (1, 60)


@pytest.mark.parametrize("number", [60.5, 1e300, 2.0**54])
def test_other_floats_are_refused_by_the_name_of_their_field(number):
    with pytest.raises(InvalidRequest, match=r"payload\.utc_offset_minutes: expected `int`, got `float`"):
        read_submission({"title": "t", "payload": {"utc_offset_minutes": number}}, None)


def test_bounds_hold_for_them_too():
    with pytest.raises(InvalidRequest, match=r"payload\.utc_offset_minutes: expected `int` <= 840"):
        read_submission({"title": "t", "payload": {"utc_offset_minutes": 841.0}}, None)


def test_only_what_asks_for_integers_is_changed_at_any_depth():
    document = {
        "inner": {"count": 1.0, "share": 1.0},
        "many": [1.0, 2],
        "named": {"a": 1.0},
        "either": 1.0,
        "anything": 1.0,
        "unknown": 1.0,
    }
    assert repr(with_whole_numbers(document, Outer)) == repr(
        {
            "inner": {"count": 1, "share": 1.0},
            "many": [1, 2],
            "named": {"a": 1},
            "either": 1.0,
            "anything": 1.0,
            "unknown": 1.0,
        }
    )


def test_a_json_value_of_any_kind_stays_as_it_was_sent():
    body = {"title": "t", "kind": "webhook.deliver", "payload": {"url": "https://example.com/", "body": [1.0]}}
    assert read_submission(body, None).payload.endswith('"body":[1.0]}')
