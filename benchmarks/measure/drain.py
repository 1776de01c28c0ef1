"""Drain: so many tasks wait, then two worker processes start."""

import time

from ..systems.system import Bench, System
from .sizes import Sizes
from .trial import trial

_TIMEOUT_SECONDS = 180.0


async def measure_drain(
    bench: Bench, system: System, sizes: Sizes, boot_seconds: float | None
) -> dict[str, float | None]:
    """Tasks per second from the first completion to the last, and CPU milliseconds per task.

    `boot_seconds` is the CPU that starting the workers takes, which is taken off theirs; None where it is not known.
    """
    number = sizes.drained_tasks
    async with trial(bench, system, "drain") as running:
        await running.accept_exactly(number)
        await running.connection.execute("ANALYZE")  # as autovacuum would have done within a minute
        before, began = running.read(), time.monotonic()
        running.workers.start()
        completed = sorted((await running.wait_completed(number, _TIMEOUT_SECONDS)).values())
        wall_seconds = time.monotonic() - began
        used = running.read().since(before)
        per_task = 1000 / max(1, len(completed))
        return {
            "completed": len(completed),
            "never": number - len(completed),
            "per_second": (len(completed) - 1) / (completed[-1] - completed[0]) if len(completed) > 1 else 0.0,
            "wall_seconds": wall_seconds,
            "worker_cpu_ms": None if boot_seconds is None else (used.worker - boot_seconds) * per_task,
            "worker_cpu_with_boot_ms": used.worker * per_task,
            "api_cpu_ms": used.api * per_task,
            "postgres_cpu_ms": used.postgres * per_task,
            "queue_cpu_ms": used.queue * per_task,
            "others_cores": used.others_cores,
        }
