import pytest

from benchmarks.aws_lambda.cost import (
    ARM,
    Prices,
    concurrency,
    duration_ms,
    lambda_dollars,
    tasks_an_invocation,
    worker_dollars,
)

ONLY_TIME = Prices(1.0, 0, 0, 0, 0)


def test_half_of_a_cpu_takes_twice_as_long_and_waiting_takes_as_long_as_it_takes():
    assert duration_ms(10, 5, 1769) == 15
    assert duration_ms(10, 5, 3538) == 15
    assert duration_ms(10, 5, 1769 // 2) == pytest.approx(25, rel=0.001)


def test_cpu_costs_the_same_at_every_memory_up_to_one_vcpu_and_waiting_costs_more():
    cpu = [lambda_dollars(10, 10, 0, memory, ONLY_TIME) for memory in (256, 512, 1769)]
    assert cpu == pytest.approx([cpu[0]] * 3)
    assert lambda_dollars(10, 0, 10, 512, ONLY_TIME) == 2 * lambda_dollars(10, 0, 10, 256, ONLY_TIME)


def test_a_million_invocations_of_one_message_cost_their_requests_and_two_million_of_sqs():
    assert lambda_dollars(1, 0, 0, 512) == pytest.approx(0.20 + 0.80)
    assert lambda_dollars(10, 0, 0, 512) == pytest.approx(0.02 + 0.08)
    assert lambda_dollars(1000, 0, 0, 512) == pytest.approx(0.0002 + 0.08)


def test_time_on_arm_costs_a_fifth_less():
    assert lambda_dollars(10, 10, 0, 512, ARM) < lambda_dollars(10, 10, 0, 512)


def test_a_window_fills_batches_up_to_their_limit():
    assert tasks_an_invocation(10, 0, 10) == 1
    assert tasks_an_invocation(10, 2, 100) == 21
    assert tasks_an_invocation(1000, 5, 1000) == 1000


def test_as_many_invocations_run_at_a_time_as_come_while_one_runs():
    assert concurrency(100, 10, 200) == pytest.approx(2)


def test_a_worker_that_is_busy_half_of_the_time_costs_twice_the_hours():
    sqs = 0.08
    assert worker_dollars(1, 0.5) - sqs == pytest.approx(2 * (worker_dollars(1, 1.0) - sqs))
