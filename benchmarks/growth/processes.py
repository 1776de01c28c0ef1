"""More workers, more relays: on a small machine, how much each task costs then; on a large one, how much they do."""

from uuid import UUID

from ..measure.trial import trial
from ..rig.processes import Running
from ..systems.system import Bench
from ..systems.waybill import Waybill
from .fill import accept_waiting, database_with
from .loaded import Figures
from .scale import Scale
from .watching import drain, first_sent, wait_sent

_SECONDS = 120.0


async def measure_workers(bench: Bench, scale: Scale, workers: int) -> Figures:
    """A backlog in the queue, worked off by so many processes."""
    return await _measured(bench, scale, workers, relays=0)


async def measure_relays(bench: Bench, scale: Scale, relays: int) -> Figures:
    """A backlog in the outbox, sent by so many processes of their own."""
    return await _measured(bench, scale, 0, relays=relays)


async def _measured(bench: Bench, scale: Scale, workers: int, relays: int) -> Figures:
    number = scale.process_tasks
    database = database_with(bench, 0)
    accept_waiting(bench, database, number, announced=True)
    waybill = Waybill(workers=workers, relay="apart" if relays else "inside")
    async with trial(bench, waybill, "growth", database=database) as running:
        folder = running.site.folder
        with Running("relay", [waybill.relay(running.site)] * relays, folder) as own:
            left = await first_sent(running, number, _SECONDS) if relays else number
            before, relay_cpu = running.read(), own.cpu_seconds()
            await wait_sent(running, _SECONDS)
            used, relay_cpu = running.read().since(before), own.cpu_seconds() - relay_cpu
        if not workers:
            return {
                "sent_per_second": left / used.at,
                "relay_cpu_ms": relay_cpu * 1000 / left,
                "postgres_cpu_ms": used.postgres * 1000 / left,
                "queue_cpu_ms": used.queue * 1000 / left,
            }
        drained = await drain(running, UUID(int=0), number, _SECONDS)
        return {"drain_per_second": drained.per_second, "never": drained.never, **drained.cpu_ms()}
