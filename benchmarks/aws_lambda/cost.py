"""What a million tasks cost on Lambda behind SQS, and on a worker that stays. Pure."""

import math
from dataclasses import dataclass

WHOLE_CPU_MB = 1769
"""At this much memory a function has one vCPU (AWS Lambda Developer Guide, "Configure Lambda function memory")."""
_SQS_BATCH = 10


@dataclass(frozen=True)
class Prices:
    """US dollars in us-east-1, without the free tier, as listed in November 2025 on aws.amazon.com/…/pricing."""

    gb_second: float = 0.0000166667
    million_invocations: float = 0.20
    million_sqs_requests: float = 0.40
    fargate_vcpu_hour: float = 0.04048
    fargate_gb_hour: float = 0.004445


X86 = Prices()
ARM = Prices(gb_second=0.0000133334, fargate_vcpu_hour=0.03238, fargate_gb_hour=0.00356)


def duration_ms(cpu_ms: float, waiting_ms: float, memory_mb: int) -> float:
    """What is billed for an invocation: its CPU at the share of a vCPU that the memory buys, and its waiting."""
    return cpu_ms / min(1.0, memory_mb / WHOLE_CPU_MB) + waiting_ms


def lambda_dollars(size: float, cpu_ms: float, waiting_ms: float, memory_mb: int, prices: Prices = X86) -> float:
    """Dollars for a million tasks in full batches of `size`: time, invocations, and SQS's receives and deletes."""
    invocations = 1_000_000 / size
    gb_seconds = invocations * duration_ms(cpu_ms, waiting_ms, memory_mb) / 1000 * memory_mb / 1024
    sqs_requests = invocations * 2 * math.ceil(size / _SQS_BATCH)
    return (
        gb_seconds * prices.gb_second
        + invocations / 1e6 * prices.million_invocations
        + sqs_requests / 1e6 * prices.million_sqs_requests
    )


def tasks_an_invocation(per_second: float, window_seconds: float, limit: int) -> float:
    """How full batches are when tasks come evenly and `MaximumBatchingWindowInSeconds` is waited for more.

    The first message opens the window (AWS Lambda Developer Guide, "Using Lambda with Amazon SQS"); without a window
    each poll hands over what is there, which at these rates is one.
    """
    return min(float(limit), 1 + per_second * window_seconds)


def concurrency(per_second: float, tasks: float, milliseconds: float) -> float:
    """Invocations under way at a time (Little's law), each of so many tasks and milliseconds."""
    return per_second / tasks * milliseconds / 1000


def worker_dollars(cpu_ms: float, busy: float, gb: float = 2.0, prices: Prices = X86) -> float:
    """Dollars for a million tasks on a Fargate worker of one vCPU that is busy so much of the time, SQS in tens."""
    hours = 1_000_000 * cpu_ms / 1000 / 3600 / busy
    sqs = 2 * 1_000_000 / _SQS_BATCH / 1e6 * prices.million_sqs_requests
    return hours * (prices.fargate_vcpu_hour + gb * prices.fargate_gb_hour) + sqs
