"""Accept, drain and latency, one after the other, on a database that is not empty."""

from typing import Any
from uuid import UUID

from ..measure.trial import CONNECTIONS, POST, Trial, trial
from ..rig.http import send_steadily
from ..rig.summary import percentile
from ..rig.wrk import run_wrk
from ..systems.system import BODY, Bench
from ..systems.waybill import Waybill
from .fill import accept_waiting, database_with
from .scale import Scale
from .watching import accepted_since, drain, ended_since, first_id, wait_finished, wait_sent

Figures = dict[str, Any]
_BEFORE_ALL = UUID(int=0)
_SECONDS = 240.0
_ANALYZED_SHARE = 0.1
"""Autovacuum analyses a table after so much of it has changed."""
_SIZE = """
SELECT sum(pg_total_relation_size(c.oid))::float8 FROM pg_class c JOIN pg_inherits i ON i.inhrelid = c.oid
WHERE i.inhparent IN ('tasks'::regclass, 'attempts'::regclass) AND c.relkind = 'r'
"""


async def measure_finished(bench: Bench, scale: Scale, rows: int) -> Figures:
    """All three with so many finished tasks. What a round adds stays, and is in `rows_before` of the next."""
    database = database_with(bench, rows)
    async with trial(bench, Waybill(), "growth", database=database) as running:
        # Every task is finished here, so the number of attempts is the number of tasks; none is dead.
        before = int(await running.connection.fetchval("SELECT count(*) FROM attempts"))
        size = await running.connection.fetchval(_SIZE)
        first = first_id()
        figures = await _accept(running, scale)
        await wait_sent(running, _SECONDS)
        number = await accepted_since(running, first)
        if number > before * _ANALYZED_SHARE:
            await running.connection.execute("ANALYZE")
        drained = await drain(running, first, number, _SECONDS)
        latency = await _latency(running, scale)
        return {
            "rows_before": before,
            "bytes_before": size,
            **figures,
            "tasks": number,
            "drain_per_second": drained.per_second,
            "never": drained.never,
            **drained.cpu_ms(),
            **latency,
        }


async def measure_waiting(bench: Bench, scale: Scale, waiting: int) -> Figures:
    """The relay sends so many, then tasks are accepted while all those wait, then everything is worked off."""
    database = database_with(bench, 0)
    accept_waiting(bench, database, waiting, announced=True)
    async with trial(bench, Waybill(), "growth", database=database) as running:
        begun, first = running.read(), first_id()
        await wait_sent(running, _SECONDS)
        sent = running.read().since(begun)
        figures = await _accept(running, scale)
        await wait_sent(running, _SECONDS)
        number = waiting + await accepted_since(running, first)
        await running.connection.execute("ANALYZE")
        drained = await drain(running, _BEFORE_ALL, number, _SECONDS)
        return {
            "sent_per_second": waiting / sent.at if waiting else None,
            "sent_relay_cpu_ms": sent.api * 1000 / waiting if waiting else None,
            "sent_postgres_cpu_ms": sent.postgres * 1000 / waiting if waiting else None,
            **figures,
            "tasks": number,
            "drain_per_second": drained.per_second,
            "never": drained.never,
            **drained.cpu_ms(),
        }


async def _accept(running: Trial, scale: Scale) -> Figures:
    folder = running.site.folder
    await run_wrk(running.url, BODY, folder, connections=CONNECTIONS, seconds=scale.warm_seconds)
    before = running.read()
    report = await run_wrk(running.url, BODY, folder, connections=CONNECTIONS, seconds=scale.accept_seconds)
    used = running.read().since(before)
    per_task = 1000 / max(1, report.requests)
    return {
        "accept_per_second": report.per_second,
        "accept_p50_ms": report.p50_ms,
        "accept_p99_ms": report.p99_ms,
        "errors": report.errors,
        "accept_api_cpu_ms": used.api * per_task,
        "accept_postgres_cpu_ms": used.postgres * per_task,
        "accept_queue_cpu_ms": used.queue * per_task,
        "accept_others_cores": used.others_cores,
    }


async def _latency(running: Trial, scale: Scale) -> Figures:
    await send_steadily(running.site.port, POST, scale.steady_per_second, scale.warm_seconds)
    first = first_id()
    sent = await send_steadily(running.site.port, POST, scale.steady_per_second, scale.steady_seconds)
    await wait_finished(running, 30.0)
    ended = await ended_since(running, first)
    whole = [(ended[one.document["id"]] - one.sent_at) * 1000 for one in sent if one.document["id"] in ended]
    return {f"p{share}_ms": percentile(whole, share) for share in (50, 99)} | {"late": len(sent) - len(whole)}
