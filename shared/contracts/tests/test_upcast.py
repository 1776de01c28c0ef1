"""Older payloads in the terms of newer ones, step by step."""

import pytest
from waybill_contracts import KINDS, KindTable, TaskPayload, TaskResult, find_upcast


class Done(TaskResult):
    pass


class One(TaskPayload, kind="thing.do", version=1, result=Done):
    text: str = ""


class Two(TaskPayload, kind="thing.do", version=2, result=Done):
    words: list[str]

    @classmethod
    def from_older(cls, older: One) -> "Two":
        return cls(words=older.text.split())


class Three(TaskPayload, kind="thing.do", version=3, result=Done):
    count: int

    @classmethod
    def from_older(cls, older: Two) -> "Three":
        return cls(count=len(older.words))


class Foreign(TaskPayload, kind="other.do", version=2, result=Done):
    pass


class Four(TaskPayload, kind="thing.do", version=4, result=Done):
    """Says nothing of version 3."""


def test_a_payload_goes_through_every_version_between():
    kinds = KindTable(Three, One, Two)
    assert find_upcast(kinds, One, Two)(One(text="a b")) == Two(words=["a", "b"])
    assert find_upcast(kinds, One, Three)(One(text="a b")) == Three(count=2)


@pytest.mark.parametrize(
    ("kinds", "older", "newer"),
    [
        (KindTable(One, Three), One, Three),  # version 2 is gone
        (KindTable(One, Two, Three, Four), One, Four),  # version 4 says nothing of version 3
        (KindTable(One, Two), Two, One),  # never back
        (KindTable(One, Two), One, One),
        (KindTable(One, Foreign), One, Foreign),
    ],
)
def test_there_is_no_way_where_a_step_is_missing(kinds, older, newer):
    assert find_upcast(kinds, older, newer) is None


@pytest.mark.parametrize("payload", [payload for payload in KINDS if payload.version > 1], ids=lambda p: p.__name__)
def test_every_later_version_says_what_the_one_before_it_means(payload):
    assert find_upcast(KINDS, KINDS.find(payload.kind, payload.version - 1), payload) is not None
