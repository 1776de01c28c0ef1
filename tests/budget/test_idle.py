"""What services cost that have nothing to do, counted over so many of their own loops: no stopwatch, no sleep.

The relay's three loops run twenty times as often as by default, each by the same factor: 60 of its polls are a minute.
"""

import asyncio
import inspect
import json

from waybill_api.relay.settings import RelaySettings

from tests.budget.bounds import assert_none, overrun
from tests.budget.counting import Counted, Statement, calls
from tests.budget.counting_proxy import POLL, CountingSqs
from tests.stack.processes import Until
from tests.stack.stack import Stack

FASTER = 20
POLLS = 60
"""Of the relay in a minute, by default."""
NEXT_DUE = "min(available_at)"
WORKER_POLLS = 3

# Bounds, for a minute by the defaults.
RELAY_STATEMENTS = 100
"""60 polls (NEXT_DUE), 12 looks for leases, 2 at what the queue ought to hold."""
RELAY_REQUESTS = 8
"""Two readings of the queue's depth for each look at what it ought to hold."""
API_STATEMENTS = 0
WORKER_STATEMENTS = 3
"""Of its own clock: a look for held tasks each 20 s, a sign of life each minute."""


def shown(statements: list[Statement]) -> str:
    return json.dumps({f"{one.role}: {' '.join(one.query.split())[:60]}": one.calls for one in statements})


async def test_an_idle_stack_asks_little(stack: Stack, sqs_requests: CountingSqs, counted: Counted, until: Until):
    defaults = {name: p.default for name, p in inspect.signature(RelaySettings).parameters.items()}
    timers = ("relay_poll_seconds", "reap_seconds", "reconcile_grace_seconds")
    stack.configure(log_level="info", **{name: defaults[name] / FASTER for name in timers})
    await asyncio.gather(stack.start_api(), stack.start_worker())
    await until(lambda: sqs_requests.requests[POLL])

    async def relay_polls() -> int:
        return calls(await counted.statements(), NEXT_DUE)

    await until(relay_polls)
    await counted.forget()
    sqs_requests.requests.clear()

    async def is_over() -> bool:
        return await relay_polls() >= POLLS and sqs_requests.requests[POLL] >= WORKER_POLLS

    await until(is_over, within_seconds=30)
    statements, requests = await counted.statements(), sqs_requests.requests
    minutes = calls(statements, NEXT_DUE) / POLLS
    of_relay = sum(count for action, count in requests.items() if action != POLL) / minutes
    where = shown(statements)
    assert_none(
        overrun(
            "statements of an idle relay in a minute",
            calls(statements, role="waybill_relay") / minutes,
            RELAY_STATEMENTS,
            where,
        ),
        overrun("statements of an idle API", calls(statements, role="waybill_api"), API_STATEMENTS, where),
        overrun("statements of an idle worker", calls(statements, role="waybill_processor"), WORKER_STATEMENTS, where),
        overrun("SQS requests that are no poll, in a minute", of_relay, RELAY_REQUESTS, f"{dict(requests)}"),
        overrun("polls of an idle worker side by side", sqs_requests.most_polls, 1, "worker/receiving.py"),
    )
