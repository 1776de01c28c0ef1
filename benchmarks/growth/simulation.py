"""What cannot be run here: more processes, more cores, more databases, as queues in a row. Pure; a seed fixes a run.

A task visits stations one after the other, and waits where all servers of a station are busy. Stations may be visited
more than once: PostgreSQL is, by accept, relay and worker. Service times are the CPU that was measured for each.
"""

import heapq
import itertools
import random
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Step:
    """So many seconds at a station, or, without one, of nothing but time, such as the way through SQS."""

    station: str | None
    seconds: float


@dataclass(frozen=True)
class Outcome:
    """Tasks a second that came through, their times in ms, and how busy each station was."""

    per_second: float
    mean_ms: float
    p50_ms: float
    p99_ms: float
    busy: Mapping[str, float]


def capacity(servers: Mapping[str, int], steps: Sequence[Step]) -> tuple[float, str]:
    """Tasks a second at which the first station is busy all the time, and which it is."""
    needed = {name: sum(step.seconds for step in steps if step.station == name) for name in servers}
    return min((count / needed[name], name) for name, count in servers.items() if needed[name] > 0)


def waiting_md1(per_second: float, seconds: float) -> float:
    """Mean seconds of waiting before one server with a fixed time of service (M/D/1)."""
    busy = per_second * seconds
    return busy * seconds / (2 * (1 - busy))


def simulate(
    per_second: float, servers: Mapping[str, int], steps: Sequence[Step], *, tasks: int = 20_000, seed: int = 1
) -> Outcome:
    """Let tasks come at random times at this rate, and follow each to its end."""
    chance = random.Random(seed)
    free = dict(servers)
    queues: dict[str, deque[tuple[int, int]]] = {name: deque() for name in servers}
    work = dict.fromkeys(servers, 0.0)
    began, took, at, order = [0.0] * tasks, [0.0] * tasks, 0.0, itertools.count()
    events: list[tuple[float, int, int, int]] = []  # when, in which order, task, its step; -1 before the first
    for task in range(tasks):
        at += chance.expovariate(per_second)
        began[task] = at
        events.append((at, next(order), task, -1))
    now = 0.0

    def start(task: int, step: int) -> None:
        station, seconds = steps[step].station, steps[step].seconds
        if station is not None:
            if not free[station]:
                queues[station].append((task, step))
                return
            free[station] -= 1
            work[station] += seconds
        heapq.heappush(events, (now + seconds, next(order), task, step))

    while events:
        now, _, task, step = heapq.heappop(events)
        left = steps[step].station if step >= 0 else None
        if left is not None:
            free[left] += 1
            if queues[left]:
                start(*queues[left].popleft())
        if step + 1 < len(steps):
            start(task, step + 1)
        else:
            took[task] = now - began[task]
    took.sort()
    busy = {name: work[name] / (now * count) for name, count in servers.items()}
    mean = sum(took) / tasks * 1000
    return Outcome(tasks / (now - began[0]), mean, took[tasks // 2] * 1000, took[tasks * 99 // 100] * 1000, busy)


def cells_capacity(one_cell: float, shares: Sequence[float]) -> float:
    """Tasks a second of cells that tenants are spread over by these shares: the fullest cell ends it."""
    return one_cell / max(share / sum(shares) for share in shares)
