"""The guards' own parts: that they count, that they fail, and what they say."""

import sys

import pytest

from tests.budget.bounds import assert_none, overrun
from tests.budget.interpreter import Work, blocks_in_use


def once() -> None:
    sum(range(10))


def work(times: int) -> None:
    for _ in range(times):
        once()


def test_a_guard_says_what_was_counted_its_bound_and_where_to_look():
    [line] = overrun("statements of claim for each task", 0.25, 0.12, "CLAIM")
    assert line == "statements of claim for each task: 0.250 counted, at most 0.12 are allowed; look at CLAIM"


def test_a_guard_tells_all_that_is_over_at_once():
    with pytest.raises(AssertionError, match=r"(?s)first: 2.*second: 4") as failed:
        assert_none(overrun("first", 2, 1, "a"), overrun("within", 1, 1, "b"), overrun("second", 4, 3, "c"))
    assert "within" not in str(failed.value)


def calls_of(times: int) -> int:
    counted = Work()
    with counted.counting_calls():
        work(times)
    return counted.calls


def instructions_of(times: int) -> int:
    counted = Work()
    with counted.counting_instructions():
        work(times)
    return counted.instructions


def test_calls_are_counted_to_the_last_one():
    assert calls_of(10) == calls_of(10)
    assert calls_of(11) - calls_of(10) == calls_of(10) - calls_of(9) >= 2  # `once` and `sum`


@pytest.mark.skipif(sys.gettrace() is not None, reason="something else traces")
def test_instructions_are_counted_to_the_last_one():
    assert instructions_of(10) == instructions_of(10)
    assert instructions_of(11) - instructions_of(10) == instructions_of(10) - instructions_of(9) > 5


def test_an_object_kept_for_each_task_is_seen():
    before = blocks_in_use()
    kept = [object() for _ in range(1000)]
    assert blocks_in_use() - before >= len(kept)
