"""A system while it is measured: its processes, its database, its meters."""

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from typing import Any

import asyncpg

from ..rig.cpu import machine_busy_seconds
from ..rig.errors import BenchError
from ..rig.http import post_bytes, send_exactly
from ..rig.places import LOOPBACK
from ..rig.processes import Running
from ..systems.system import BODY, Bench, Site, System

POST = post_bytes("/tasks", BODY)
CONNECTIONS = 32
_START_SECONDS = 60.0
_SENDING_SECONDS = 60.0
_LEAST_BOOT_SECONDS = 2.0
_MOST_BOOT_SECONDS = 20.0
_QUIET = 0.02
"""A worker has started when it used no more than so much of a core for a second."""


@dataclass(frozen=True)
class Meter:
    """CPU seconds so far of each part, and the time."""

    at: float
    api: float
    worker: float
    postgres: float
    queue: float
    machine: float

    def since(self, before: "Meter") -> "Meter":
        """What was used since then."""
        return Meter(
            self.at - before.at,
            self.api - before.api,
            self.worker - before.worker,
            self.postgres - before.postgres,
            self.queue - before.queue,
            self.machine - before.machine,
        )

    @property
    def others_cores(self) -> float:
        """Cores that the load generator and everybody else on the machine used."""
        return max(0.0, self.machine - self.api - self.worker - self.postgres - self.queue) / self.at


class Trial:
    """The API runs; workers when they are started."""

    def __init__(self, system: System, site: Site, api: Running, connection: "asyncpg.Connection[Any]") -> None:
        self.system = system
        self.site = site
        self.api = api
        self.workers = Running("worker", system.workers(site), site.folder)
        self.connection = connection

    @property
    def url(self) -> str:
        """Where tasks are posted to."""
        return f"http://{LOOPBACK}:{self.site.port}/tasks"

    def read(self) -> Meter:
        """The meters now."""
        return Meter(
            at=time.monotonic(),
            api=self.api.cpu_seconds(),
            worker=self.workers.cpu_seconds(),
            postgres=self.site.bench.database.cpu_seconds(),
            queue=self.site.queue.cpu_seconds(),
            machine=machine_busy_seconds(),
        )

    async def boot_workers(self) -> float:
        """Start the workers and wait until they do nothing more; the CPU seconds that this took."""
        self.workers.start()
        began = time.monotonic()
        used = 0.0
        while time.monotonic() - began < _MOST_BOOT_SECONDS:
            await asyncio.sleep(1.0)
            self.workers.check()
            before, used = used, self.workers.cpu_seconds()
            if time.monotonic() - began > _LEAST_BOOT_SECONDS and used - before <= _QUIET:
                break
        return used

    async def accept_exactly(self, number: int) -> None:
        """POST so many tasks, and wait until all are in the queue. Raises BenchError if one was refused."""
        sent = await send_exactly(self.site.port, POST, number, CONNECTIONS)
        refused = [one for one in sent if one.status not in (201, 202)]
        if refused:
            raise BenchError(f"{self.system.name}: {len(refused)} of {number} tasks were refused: {refused[0]}")
        deadline = time.monotonic() + _SENDING_SECONDS
        while left := await self.unsent():
            if time.monotonic() > deadline:
                raise BenchError(f"{self.system.name}: {left} tasks were not sent within {_SENDING_SECONDS:g} s")
            await asyncio.sleep(0.02)

    async def unsent(self) -> int:
        """Tasks that are accepted and not in the queue yet."""
        return int(await self.connection.fetchval(self.system.unsent)) if self.system.unsent else 0

    async def accepted(self) -> int:
        """Tasks on record."""
        return int(await self.connection.fetchval("SELECT count(*) FROM tasks"))

    async def completions(self) -> dict[str, float]:
        """Completed tasks: id, and seconds since 1970."""
        return dict(await self.connection.fetch(self.system.completions))  # type: ignore[arg-type]

    async def wait_completed(self, number: int, timeout_seconds: float) -> dict[str, float]:
        """Wait until so many tasks are completed, or the time is up; those that are."""
        deadline = time.monotonic() + timeout_seconds
        count = f"SELECT count(*) FROM ({self.system.completions}) AS completed"
        while int(await self.connection.fetchval(count)) < number and time.monotonic() < deadline:
            self.workers.check()
            await asyncio.sleep(0.1)
        return await self.completions()


@asynccontextmanager
async def trial(
    bench: Bench, system: System, what: str, *, counting: bool = False, database: str | None = None
) -> AsyncGenerator[Trial]:
    """A system on an empty database and an empty queue, serving HTTP; every process of it is gone at the end.

    With `counting`, PostgreSQL counts its statements. `database` names one that is there already, to be used as it is.
    """
    folder = bench.folder / f"{system.name}-{what}-{time.monotonic_ns()}"
    folder.mkdir()
    database = database or bench.database.refresh(system.name, system.owner)
    if counting:
        bench.database.count_statements(database)
    async with AsyncExitStack() as stack:
        queue = stack.enter_context(system.queue(bench, folder))
        site = Site(bench, database, queue, folder)
        api = stack.enter_context(Running("api", [system.api(site)], folder))
        api.wait_until(lambda: _answers(site.port, system.health), _START_SECONDS, "its first answer")
        connection = await bench.database.connect(database)
        stack.push_async_callback(connection.close, timeout=5)
        running = Trial(system, site, api, connection)
        stack.callback(running.workers.kill)
        yield running


def _answers(port: int, path: str) -> bool:
    connection = HTTPConnection(LOOPBACK, port, timeout=2)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()
