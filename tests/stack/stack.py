"""The whole flow on real parts, for one test: a database, a MiniStack of its own, our services as processes."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import asyncpg
from waybill_dev.ministack import MiniStack
from waybill_dev.ministack.peek import WaitingMessage, peek
from waybill_dev.ministack.sqs import QueueDepth, call

from tests.stack import function
from tests.stack.client import Client
from tests.stack.processes import Service, Until
from tests.stack.records import Records

COMMANDS = Path(sys.executable).parent
"""Where today's commands are; those of another version of a service are in its own environment."""
EMPTY = QueueDepth(0, 0, 0)
QUICK = {
    "WAYBILL_API_PORT": "0",
    "WAYBILL_LOG_LEVEL": "debug",
    "WAYBILL_WEBHOOK_ALLOW_PRIVATE": "true",
    "WAYBILL_RELAY_POLL_SECONDS": "0.2",
    "WAYBILL_REAP_SECONDS": "0.5",
    # SQS goes on with a poll whose caller is gone, and what it hands to that waits for its visibility to end.
    "WAYBILL_RECEIVE_WAIT_SECONDS": "1",
}
"""What differs from the defaults unless a test says otherwise: what only waits is waited for less."""


class Stack:
    """Nothing of ours runs until a test starts it. `settings` are those of the services that are started next."""

    def __init__(
        self,
        folder: Path,
        database_url: Callable[[str], str],
        sqs: MiniStack,
        session: aiohttp.ClientSession,
        until: Until,
        shell: str,
    ) -> None:
        self.sqs = sqs
        self.shell = shell
        self.settings = dict(QUICK)
        self.services: list[Service] = []
        self.api: Client
        self.records: Records
        self._folder = folder
        self.database_url = database_url
        self._session = session
        self._until = until

    def configure(self, **settings: object) -> None:
        """Set `WAYBILL_…` variables: `lease_seconds=3`."""
        self.settings |= {f"WAYBILL_{name.upper()}": str(value) for name, value in settings.items()}

    async def start(self, workers: int = 1) -> list[Service]:
        """The API with the relay inside, and workers; the workers."""
        if self.shell == "lambda":
            await asyncio.gather(self.start_api(), self.start_processor())
            return []
        _, *started = await asyncio.gather(self.start_api(), *(self.start_worker() for _ in range(workers)))
        return started

    async def start_processor(self) -> None:
        """What works tasks in this test: a worker, or the deployed function."""
        if self.shell == "worker":
            await self.start_worker()
        else:
            settings = {**self.settings, "WAYBILL_DATABASE_URL": self.database_url("waybill_processor")}
            await asyncio.to_thread(function.deploy, self.sqs, settings)

    async def register_processor(self) -> None:
        """Make the processor of this test known: a worker does that by itself, a function when its deploy asks."""
        if self.shell == "lambda":
            assert "registered" in await asyncio.to_thread(function.register, self.sqs)

    async def start_api(self, commands: Path = COMMANDS) -> Service:
        """The API; `api` is its client from now on."""
        service = self.spawn("waybill-api", "waybill_api", commands)
        listening = await service.until_logged("api.listening")
        self.api = Client(self._session, f"http://{listening['host']}:{listening['port']}")
        await self._until(self._is_live)
        return service

    async def start_worker(self, commands: Path = COMMANDS) -> Service:
        """A worker, receiving."""
        service = self.spawn("waybill-worker", "waybill_processor", commands)
        await service.until_logged("worker.started")
        return service

    async def start_relay(self) -> Service:
        """A relay apart from the API."""
        service = self.spawn("waybill-relay", "waybill_relay")
        await service.until_logged("relay.started")
        return service

    def spawn(self, command: str, role: str, commands: Path = COMMANDS) -> Service:
        """A process of ours with the current settings; it is not waited for."""
        name = f"{command}-{len(self.services) + 1}"
        environment = {
            "PATH": os.environ.get("PATH", os.defpath),
            "WAYBILL_DATABASE_URL": self.database_url(role),
            "WAYBILL_RELAY_DATABASE_URL": self.database_url("waybill_relay"),
            "WAYBILL_QUEUE_URL": self.sqs.queue_url(),
            **self.sqs.environment(),
            **self.settings,
        }
        service = Service(name, (str(commands / command),), environment, self._folder / f"{name}.log", self._until)
        self.services.append(service)
        return service

    def send_message(self, body: str, queue: str | None = None) -> None:
        """Put a message into a queue past the relay."""
        url = queue or self.sqs.queue_url()
        call(self.sqs.endpoint, "SendMessage", {"QueueUrl": url, "MessageBody": body})

    def come_again_after(self, seconds: int) -> None:
        """What a function hands back, or is cut off from, comes again when its visibility ends: after so long."""
        changes = {"QueueUrl": self.sqs.queue_url(), "Attributes": {"VisibilityTimeout": str(seconds)}}
        call(self.sqs.endpoint, "SetQueueAttributes", changes)

    def messages(self, queue: str | None = None) -> list[WaitingMessage]:
        """The messages of a queue, without receiving them."""
        return peek(self.sqs.endpoint, queue or self.sqs.queue_url())

    async def is_ready(self) -> bool:
        """Whether the API says that it can serve."""
        return (await self.api.get("/health/ready")).status == 200

    def signal_queue(self, sent: signal.Signals) -> None:
        """Freeze (SIGSTOP) or thaw (SIGCONT) SQS: a connection to it opens, and nothing is answered."""
        assert self.sqs._process is not None
        self.sqs._process.send_signal(sent)

    def requests_at_frozen_queue(self) -> int:
        """How many connections hold bytes that SQS has not read, by the kernel's table."""
        rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
        unread = [row for row in rows if int(row[1].split(":")[1], 16) == self.sqs.port and row[4][-8:] != "00000000"]
        return len(unread)

    def take_messages(self, number: int) -> list[str]:
        """Receive so many messages and delete them without working them; their bodies."""
        where = {"QueueUrl": self.sqs.queue_url()}
        received = call(self.sqs.endpoint, "ReceiveMessage", where | {"MaxNumberOfMessages": number}).get(
            "Messages", []
        )
        for message in received:
            call(self.sqs.endpoint, "DeleteMessage", where | {"ReceiptHandle": message["ReceiptHandle"]})
        return [message["Body"] for message in received]

    def is_queue_empty(self) -> bool:
        """Nothing visible, in flight or delayed."""
        return self.sqs.depth() == EMPTY

    def kill_all(self) -> None:
        """End every process of ours."""
        for service in self.services:
            service.kill()

    async def _is_live(self) -> bool:
        return (await self.api.get("/health/live")).status == 200


@asynccontextmanager
async def open_stack(
    folder: Path, database_url: Callable[[str], str], until: Until, shell: str = "worker"
) -> AsyncGenerator[Stack]:
    """A stack on a database that is there, and on queues; all its processes are gone at the end."""
    sqs = MiniStack(folder / "sqs", services=function.SERVICES if shell == "lambda" else ("sqs",))
    pool: Any = asyncpg.create_pool(database_url("postgres"), min_size=0, max_size=4, timeout=5, command_timeout=20)
    connector = aiohttp.TCPConnector(limit=200)
    async with pool, aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(20)) as session:
        stack = Stack(folder, database_url, sqs, session, until, shell)
        stack.records = Records(pool)
        try:
            sqs.start()
            sqs.create_queues()
            yield stack
        finally:
            stack.kill_all()
            sqs.stop()
            pool.terminate()
