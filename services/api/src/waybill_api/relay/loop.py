"""The relay's loops: publish, reap, reconcile. Any number of relays may run at once."""

import asyncio
import random
import time
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress

import structlog
from waybill_runtime.database import DatabaseUnavailable, open_pool
from waybill_runtime.telemetry import describe

from ..queue import MessageQueue, QueueUnavailable, open_queue
from ..store.outbox import Outbox, OutboxRow
from ..store.partitions import Partitions
from ..store.rescue import Rescue
from .publish import PUBLISH_LIMIT, publish_due, publish_handed
from .rescue import Reconciler, reap
from .retention import keep_partitions
from .settings import RelaySettings

PUBLISH_CONNECTIONS = 2
RESCUE_CONNECTIONS = 2
STATEMENT_SECONDS = 10.0
"""Giving up rolls back what was sent meanwhile, to be sent again."""
BACKOFF_SECONDS = (0.1, 5.0)
STOP_SECONDS = 3.0
LET_GO_SECONDS = 1.0
HANDED_SECONDS = 5.0
"""How long a dispatch that an accept handed over is this relay's alone. After a crash the others send it then."""
MOST_HANDED = 2000
GATHER_FROM = 5
"""Rows in one pass that show load: half of what a request to SQS takes."""
GATHER_SECONDS = 0.02
"""Under load the next pass waits so long, that its requests be full. At low load nobody waits."""
LOOKS_SHARE = 5
"""After a look that took a second comes a pause of so many: a backlog of millions must not be read all the time."""
LOCKED_SECONDS = 0.05
"""Until another look for rows that are due and were not taken: another relay holds them while the queue takes them."""

log = structlog.get_logger()


class Relay:
    """Publishes while its `run` runs. `degraded` names what fails just now: queue, database, or a broken loop."""

    def __init__(self, outbox: Outbox, rescue: Rescue, queue: MessageQueue, settings: RelaySettings) -> None:
        self._outbox = outbox
        self._rescue = rescue
        self._queue = queue
        self._settings = settings
        self._due = asyncio.Event()
        self._stopping = asyncio.Event()
        self._failing: dict[str, str] = {}
        self._handed: deque[OutboxRow] = deque()
        self._took_at = 0.0

    @property
    def degraded(self) -> frozenset[str]:
        """The parts that the last try of a loop found failing; empty when all is well."""
        return frozenset(self._failing.values())

    def hand_over(self, rows: Sequence[OutboxRow]) -> None:
        """Take dispatches from an accept that has committed them, to send them without reading them back.

        Their rows are not due for `HANDED_SECONDS`. What is too much to remember is sent once it is due.
        """
        if len(self._handed) < MOST_HANDED:
            self._handed.extend(rows)
        self._due.set()

    async def run(self) -> None:
        """Publish, reap and reconcile until `stop`."""
        grace = self._settings.reconcile_grace_seconds
        reconciler = Reconciler(self._rescue, self._queue, grace)
        await asyncio.gather(
            self._repeat("publish", self._publish, self._wait_until_due),
            self._look("reap", lambda: reap(self._rescue), self._settings.reap_seconds),
            self._look("reconcile", reconciler.look, min(30.0, grace / 4)),
        )

    def stop(self) -> None:
        """Let each loop end after the pass it is in."""
        self._stopping.set()
        self._due.set()

    async def _publish(self) -> int:
        self._due.clear()
        published = await self._publish_handed()
        if not published or time.monotonic() - self._took_at > self._settings.relay_poll_seconds:
            published = max(published, await publish_due(self._outbox, self._queue))
            self._took_at = time.monotonic()
        if published >= PUBLISH_LIMIT or self._handed:
            self._due.set()
        if GATHER_FROM <= published < PUBLISH_LIMIT:
            await self._pause(GATHER_SECONDS)
        return published

    async def _publish_handed(self) -> int:
        rows = [self._handed.popleft() for _ in range(min(PUBLISH_LIMIT, len(self._handed)))]
        if rows:
            try:
                await publish_handed(self._outbox, self._queue, rows)
            except (QueueUnavailable, *DatabaseUnavailable):
                self._handed.clear()  # they come due, and are taken in order
                raise
        return len(rows)

    async def _wait_until_due(self) -> None:
        """Until a pass is worth it: an accept of this process says so, or the outbox does when it is asked again."""
        poll = self._settings.relay_poll_seconds
        is_due = False
        while not (is_due or self._due.is_set()):
            due = await self._outbox.next_due_seconds()
            await _wait(self._due, poll if due is None else min(poll, max(due, LOCKED_SECONDS)))
            is_due = due is not None and due <= poll

    async def _pause(self, seconds: float) -> None:
        await _wait(self._stopping, seconds)

    async def _look(self, name: str, look: Callable[[], Awaitable[int]], every_seconds: float) -> None:
        """Look again and again. A look reads every live task, so one that took long is followed by a longer pause."""
        took_seconds = 0.0

        async def timed() -> int:
            nonlocal took_seconds
            began = time.monotonic()
            found = await look()
            took_seconds = time.monotonic() - began
            return found

        await self._repeat(name, timed, lambda: self._pause(max(every_seconds, LOOKS_SHARE * took_seconds)))

    async def _repeat(self, name: str, once: Callable[[], Awaitable[int]], wait: Callable[[], Awaitable[None]]) -> None:
        failures = 0
        while not self._stopping.is_set():
            try:
                await once()
                if failures:
                    log.warning("relay.recovered", loop=name, failures=failures)
                failures = 0
                self._failing.pop(name, None)
                await wait()
            except (QueueUnavailable, *DatabaseUnavailable) as error:
                failures += 1
                self._failing[name] = "queue" if isinstance(error, QueueUnavailable) else "database"
                if failures == 1 or failures % 20 == 0:
                    log.warning("relay.failing", loop=name, failures=failures, error=describe(error))
                await self._pause(backoff_seconds(failures))
            except Exception:
                # Nobody foresaw it, but a loop that ended here would leave an API that accepts what nobody publishes.
                failures += 1
                self._failing[name] = name
                log.exception("relay.broken", loop=name, failures=failures)
                await self._pause(backoff_seconds(failures))


async def _wait(event: asyncio.Event, seconds: float) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()


def backoff_seconds(failures: int) -> float:
    """A wait after this many failures in a row: between half and all of a doubling bound, 0.1 s to 5 s."""
    first, most = BACKOFF_SECONDS
    return min(most, first * 2 ** min(failures - 1, 10)) * random.uniform(0.5, 1.0)


@asynccontextmanager
async def open_relay(settings: RelaySettings) -> AsyncGenerator[Relay]:
    """A relay at work for the length of the block; leaving it lets the pass under way end (3 s at most)."""
    url, patience = settings.relay_database_url, STATEMENT_SECONDS
    async with (
        # What a crash undoes of a publish is sent again; to wait for the disk would delay the claims, which wait too.
        open_pool(
            url, PUBLISH_CONNECTIONS, "waybill-relay", statement_seconds=patience, commits_wait=False
        ) as publishing,
        open_pool(url, RESCUE_CONNECTIONS, "waybill-relay", statement_seconds=patience) as pool,
        open_queue(settings.queue_url) as queue,
    ):
        relay = Relay(Outbox(publishing), Rescue(pool), queue, settings)
        running = asyncio.create_task(relay.run())
        retention = asyncio.create_task(keep_partitions(Partitions(pool), settings.retention_days))
        try:
            yield relay
        finally:
            retention.cancel()
            relay.stop()
            await asyncio.wait([running], timeout=STOP_SECONDS)
            running.cancel()
            _, hanging = await asyncio.wait([running, retention], timeout=LET_GO_SECONDS)
            if hanging:  # a statement that is cut off waits for a database that hangs
                publishing.terminate()
                pool.terminate()
            await asyncio.gather(running, retention, return_exceptions=True)
