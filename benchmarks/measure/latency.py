"""Latency: a steady stream far below what a system can do; before it, what the system costs when idle."""

import asyncio
from typing import Any

from ..rig.errors import BenchError
from ..rig.http import Connection, get_bytes, send_steadily, timed, times_ms
from ..rig.summary import percentile
from ..systems.system import Bench, System
from .sizes import Sizes
from .trial import POST, Trial, trial

_SETTLE_SECONDS = 2.0
_TIMEOUT_SECONDS = 30.0
_GETS = 50


async def measure_latency(bench: Bench, system: System, sizes: Sizes) -> dict[str, float | None]:
    """Milliseconds from the POST's first byte to the completion's timestamp; idle CPU in percent of a core; memory."""
    async with trial(bench, system, "latency") as running:
        boot_seconds = await running.boot_workers()
        # First uses of code and connections are no part of either: a service runs for days.
        await send_steadily(running.site.port, POST, sizes.steady_per_second, sizes.warm_seconds)
        await asyncio.sleep(_SETTLE_SECONDS)
        idle = await _idle(running, sizes.idle_seconds)
        before = running.read()
        sent = await send_steadily(running.site.port, POST, sizes.steady_per_second, sizes.steady_seconds)
        completed = await running.wait_completed(await running.accepted(), _TIMEOUT_SECONDS)
        used = running.read().since(before)
        whole = [
            (completed[one.document["id"]] - one.sent_at) * 1000 for one in sent if _was_done(one.document, completed)
        ]
        per_task = 1000 / max(1, len(whole))
        return {
            "tasks": len(whole),
            "never": len(sent) - len(whole),
            **{f"p{share}_ms": percentile(whole, share) for share in (50, 95, 99)},
            "max_ms": max(whole, default=None),
            **{f"post_p{share}_ms": percentile(times_ms(sent), share) for share in (50, 99)},
            "get_p50_ms": await _get_p50_ms(running, list(completed)[:_GETS]),
            "api_cpu_ms": used.api * per_task,
            "worker_cpu_ms": used.worker * per_task,
            "postgres_cpu_ms": used.postgres * per_task,
            "queue_cpu_ms": used.queue * per_task,
            **idle,
            "api_mb": running.api.pss_mb(),
            "worker_mb": running.workers.pss_mb(),
            "boot_cpu_seconds": boot_seconds,
        }


def _was_done(document: Any, completed: dict[str, float]) -> bool:
    return isinstance(document, dict) and document["id"] in completed


async def _idle(running: Trial, seconds: float) -> dict[str, float | None]:
    before = running.read()
    await asyncio.sleep(seconds)
    used = running.read().since(before)
    return {
        "idle_api_percent": used.api / used.at * 100,
        "idle_worker_percent": used.worker / used.at * 100,
        "idle_postgres_percent": used.postgres / used.at * 100,
        "idle_queue_percent": used.queue / used.at * 100,
    }


async def _get_p50_ms(running: Trial, ids: list[str]) -> float | None:
    """GET some of the tasks. Raises BenchError where an answer is not the completed task."""
    connection = Connection(running.site.port)
    found = [await timed(connection, get_bytes(f"/tasks/{task_id}")) for task_id in ids]
    connection.close()
    for one in found:
        if one.status != 200 or one.document["status"] != "completed" or "Processed task" not in str(one.document):
            raise BenchError(f"{running.system.name}: GET did not answer a completed task: {one.document}")
    return percentile(times_ms(found), 50)
