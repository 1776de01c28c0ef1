import pytest
from waybill_processor.errors import Permanent, RetryAfter
from waybill_processor.policy import Fail, HandlerTimeout, Retry, RetryPolicy, judge, storable

POLICY = RetryPolicy(max_attempts=5, first_delay_seconds=2, max_delay_seconds=900)


@pytest.mark.parametrize(("attempt", "bound"), [(1, 2), (2, 4), (3, 8), (9, 512), (10, 900), (1000, 900)])
def test_the_delay_is_uniform_below_a_bound_that_doubles(attempt: int, bound: float):
    assert [POLICY.delay_seconds(attempt, roll) for roll in (0.0, 0.5, 1.0)] == [0.0, bound / 2, bound]


def test_an_error_is_retried_while_attempts_are_left():
    verdict = judge(ValueError("x"), 4, POLICY, lambda: 1.0)
    assert isinstance(verdict, Retry)
    assert (verdict.delay_seconds, verdict.error.error_type) == (16, "ValueError")
    assert isinstance(judge(ValueError("x"), 5, POLICY, lambda: 1.0), Fail)


def test_permanent_fails_at_once_and_retry_after_sets_its_own_delay():
    assert isinstance(judge(Permanent("no"), 1, POLICY, lambda: 1.0), Fail)
    verdict = judge(RetryAfter(77), 1, POLICY, lambda: 1.0)
    assert isinstance(verdict, Retry)
    assert verdict.delay_seconds == 77
    assert isinstance(judge(RetryAfter(77), 5, POLICY, lambda: 1.0), Fail)


def test_a_timeout_says_so():
    assert judge(HandlerTimeout(30), 1, POLICY, lambda: 1.0).error.code == "timeout"


def test_what_postgresql_refuses_is_replaced_and_length_is_bounded():
    assert storable("a\x00b\ud800c") == "a\ufffdb?c"
    assert len(storable("x" * 5000)) == 2000
