"""The four services that are kept running."""

import asyncio
import time
import urllib.request
from collections.abc import Awaitable, Callable

from waybill_dev.log.book import LogBook
from waybill_dev.ports import LOOPBACK
from waybill_dev.process import Command
from waybill_dev.stack.deploying import deploy_all
from waybill_dev.stack.environment import api_environment, worker_environment
from waybill_dev.stack.plan import LAMBDA, Plan
from waybill_dev.stack.scripts import API, WORKER, script
from waybill_dev.supervision.service import Service

_PROBE_SECONDS = 2.0
_WORKER_STARTED = "worker.started"
_WORKER_SETTLED_SECONDS = 5.0


def postgres_service(plan: Plan) -> Service:
    """PostgreSQL; ready when it accepts connections."""

    async def is_ready(pid: int) -> bool:
        return plan.postgres.is_ready(pid)

    return Service("postgres", plan.postgres.command(), is_ready, start_seconds=60.0)


def ministack_service(plan: Plan, log: LogBook, database_is_up: asyncio.Event) -> Service:
    """MiniStack; its queues, and the function if there is one, are made at each start: they live in its memory."""

    async def furnish() -> None:
        if plan.processor == LAMBDA:
            await database_is_up.wait()  # where the function registers
            await deploy_all(plan, log)
        else:
            await asyncio.to_thread(plan.ministack.create_queues)

    return Service(
        "ministack",
        plan.ministack.command(),
        is_ready=_in_thread(lambda _pid: plan.ministack.is_ready()),
        when_ready=furnish,
    )


def api_service(plan: Plan) -> Service:
    """The API with the relay inside; ready when it says so itself."""
    url = f"http://{LOOPBACK}:{plan.settings.api_port}/health/ready"
    command = Command((script(API),), api_environment(plan), plan.settings.checkout)
    return Service("api", command, is_ready=_in_thread(lambda _pid: _answers(url)))


def worker_service(plan: Plan, log: LogBook) -> Service:
    """The worker; it serves nobody, so it is ready when it says so, or has run for 5 s if its log is kept quiet."""

    began: dict[int, float] = {}

    async def is_ready(pid: int) -> bool:
        said = any(_WORKER_STARTED in line for line in log.tail("worker"))
        return said or time.monotonic() - began.setdefault(pid, time.monotonic()) > _WORKER_SETTLED_SECONDS

    command = Command((script(WORKER),), worker_environment(plan), plan.settings.checkout)
    return Service("worker", command, is_ready)


def _answers(url: str) -> bool:
    try:
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(url, timeout=_PROBE_SECONDS) as answer:
            return answer.status == 200
    except OSError:
        return False


def _in_thread(probe: Callable[[int], bool]) -> Callable[[int], Awaitable[bool]]:
    async def asked(pid: int) -> bool:
        return await asyncio.to_thread(probe, pid)

    return asked
