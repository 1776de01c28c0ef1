"""Wire a processor: pools, stores, handlers, heartbeat. Every shell starts here."""

import asyncio
import os
import random
import socket
from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager

import msgspec
import structlog
from waybill_contracts import ErrorCode, TaskError
from waybill_runtime.database import DatabaseUnavailable, open_pool
from waybill_runtime.telemetry import describe

from .attempts import Attempts
from .core import Processor
from .delivery import Delivery
from .execution import HandlerThreads
from .recording import Recorder
from .registry import HandlerTable
from .running import Extend, beat_for_ever
from .settings import ProcessorSettings
from .store.claims import Claims, Connections, Readable, WorkerName
from .store.dead_letters import DeadLetters
from .store.outcomes import Outcomes
from .store.transactions import TaskTransaction

CORE_CONNECTIONS = 4
"""Claim, complete, heartbeat, and one of the rarer statements."""
HANDLER_CONNECTIONS = 10
"""For handlers that open `task.transaction`; a pool of their own, so that they cannot starve a heartbeat."""
STATEMENT_SECONDS = 6.0
"""A claim that is given up, but goes on in the database, leaves its task to nobody until the lease ends; so this is
patient, but shorter than a heartbeat. What handlers run in their own transactions their time limit bounds."""
UNHOLD_SECONDS = 20.0
"""Between two looks for held tasks, give or take a fifth. One at start is not enough: as long as an older processor
still runs, it gets some of what was made to go, and holds it again."""

TAKEN_OVER = TaskError(code=ErrorCode.LEASE_LOST, message="the lease ran out and another processor took the task over")

log = structlog.get_logger()


async def extend_nothing(_deliveries: Sequence[Delivery]) -> None:
    """For a shell whose messages need no extending."""


def process_name() -> str:
    """The worker name of a process that stays."""
    return f"{socket.gethostname()}:{os.getpid()}"


@asynccontextmanager
async def open_processor(
    settings: ProcessorSettings,
    table: HandlerTable,
    threads_count: int,
    worker: WorkerName = process_name,
    *,
    extend: Extend = extend_nothing,
    connections: int = CORE_CONNECTIONS,
    unhold_seconds: float = UNHOLD_SECONDS,
) -> AsyncGenerator[Processor]:
    """A processor for the length of the block. The database may be away: nothing is asked of it yet.

    `warm_up` of it opens all these connections and asks each for a claim and an end of nothing, which prepares the two
    statements of every batch; it raises as the database does. `connections` bounds what claims, ends and heartbeats
    use; handlers' transactions have a pool of their own.
    """
    lost = msgspec.json.encode(TAKEN_OVER).decode()
    async with (
        open_pool(settings.database_url, connections, "waybill-processor", statement_seconds=STATEMENT_SECONDS) as pool,
        open_pool(
            settings.database_url,
            HANDLER_CONNECTIONS,
            "waybill-handlers",
            statement_seconds=None,
            runs_foreign_code=True,
        ) as handler_pool,
    ):

        def claims_on(those: Connections) -> Claims:
            return Claims(those, worker, settings.lease_seconds, readable_by(table), lost)

        claims = claims_on(pool)
        recorder = Recorder(Outcomes(pool, worker), settings.lease_seconds)
        threads = HandlerThreads(threads_count)
        attempts = Attempts(table, recorder, lambda: TaskTransaction(handler_pool, worker), threads)

        async def renew_connections() -> None:
            await pool.expire_connections()
            await handler_pool.expire_connections()

        async def warm_up() -> None:
            async with AsyncExitStack() as held:
                for _ in range(connections):
                    connection = await held.enter_async_context(pool.acquire())
                    await claims_on(connection).claim([])
                    await Outcomes(connection, worker).complete([])

        processor = Processor(claims, attempts, DeadLetters(pool), renew_connections, warm_up)
        background = [
            asyncio.create_task(beat_for_ever(attempts.running, claims, extend, settings.heartbeat_seconds)),
            asyncio.create_task(_unhold_for_ever(processor, unhold_seconds)),
        ]
        try:
            yield processor
        finally:
            for task in background:
                task.cancel()
            await asyncio.gather(*background, return_exceptions=True)


def readable_by(table: HandlerTable) -> list[Readable]:
    """What a claim may take with this table."""
    return [Readable(h.payload.kind, h.payload.version, h.policy.max_attempts) for h in table]


async def _unhold_for_ever(processor: Processor, every_seconds: float) -> None:
    """At start, and from time to time: tasks that wait for a processor like this one go now."""
    while True:
        try:
            if released := await processor.unhold():
                log.info("processor.unheld", tasks=released)
        except DatabaseUnavailable as error:
            log.warning("processor.unhold_failed", error=describe(error))
        except Exception:
            # Nobody foresaw it, but without this loop held tasks would wait for their backoff from now on.
            log.exception("processor.unhold_failed")
        await asyncio.sleep(every_seconds * random.uniform(0.8, 1.2))
