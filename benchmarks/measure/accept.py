"""Accept: POSTs from 32 connections, each as fast as it is answered; no worker runs."""

from ..rig.wrk import run_wrk
from ..systems.system import BODY, Bench, System
from .sizes import Sizes
from .trial import CONNECTIONS, trial


async def measure_accept(bench: Bench, system: System, sizes: Sizes) -> dict[str, float]:
    """Accepts per second, their latency, and what each costs in CPU milliseconds."""
    async with trial(bench, system, "accept") as running:
        folder = running.site.folder
        await run_wrk(running.url, BODY, folder, connections=CONNECTIONS, seconds=sizes.warm_seconds)
        rows_before, before = await running.accepted(), running.read()
        report = await run_wrk(running.url, BODY, folder, connections=CONNECTIONS, seconds=sizes.accept_seconds)
        used, rows = running.read().since(before), await running.accepted() - rows_before
        per_task = 1000 / max(1, rows)
        return {
            "per_second": report.per_second,
            "p50_ms": report.p50_ms,
            "p99_ms": report.p99_ms,
            "errors": report.errors,
            "rows": rows,
            "api_cpu_ms": used.api * per_task,
            "postgres_cpu_ms": used.postgres * per_task,
            "queue_cpu_ms": used.queue * per_task,
            "api_cores": used.api / used.at,
            "others_cores": used.others_cores,
            "unsent": await running.unsent(),
        }
