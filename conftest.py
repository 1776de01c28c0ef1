"""Fixtures for the tests of every package: databases, queues, waiting.

A package's tests also run in an environment that holds that package and nothing else of Waybill. So this file imports
none of it, and asyncpg and aiobotocore only inside the fixtures that need them. The servers are started by
`tools.servers` in the development environment, at first use, unless `just test` has started them already.
"""

import asyncio
import inspect
import os
import subprocess
import time
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from itertools import takewhile
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import pytest

ROOT = Path(__file__).parent
TEMPLATE = "waybill_template"
OWNER = "waybill_owner"
AWS_SETTINGS = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_REGION": "us-east-1",
    "AWS_DEFAULT_REGION": "us-east-1",
}


@dataclass
class Database:
    """A database of one test; `url` and `connect` take the role that the code under test would have."""

    name: str
    superuser_url: str
    stack: AsyncExitStack = field(default_factory=AsyncExitStack)

    def url(self, role: str) -> str:
        """The address for `role`, as a service is given it."""
        server = urlsplit(self.superuser_url)
        user = "postgres" if role == server.username else f"{role}:{role}"
        return f"postgresql://{user}@{server.hostname}:{server.port}/{self.name}"

    async def connect(self, role: str) -> Any:
        """An asyncpg connection as `role`, closed when the test is over."""
        import asyncpg

        connection = await asyncpg.connect(self.url(role))
        self.stack.push_async_callback(connection.close, timeout=5)
        return connection


SERVER_NAMES = ("WAYBILL_TEST_DATABASE_URL", "WAYBILL_TEST_SQS_ENDPOINT")
SERVERS = pytest.StashKey["subprocess.Popen[str]"]()


def pytest_collection_finish(session: pytest.Session) -> None:
    """The servers start while tests run that need none."""
    needed = any("servers" in getattr(item, "fixturenames", ()) for item in session.items)
    if needed and not session.config.option.collectonly and not all(name in os.environ for name in SERVER_NAMES):
        start_servers(session.config)


def start_servers(config: pytest.Config) -> "subprocess.Popen[str]":
    """The process of the servers, started once; it ends with the session."""
    if SERVERS not in config.stash:
        # It ends when its standard input is closed, so a killed test run leaves no server behind.
        command = [str(ROOT / ".venv/bin/python"), "-m", "tools.servers"]
        process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        config.add_cleanup(process.communicate)
        config.stash[SERVERS] = process
    return config.stash[SERVERS]


@pytest.fixture(scope="session")
def servers(pytestconfig: pytest.Config) -> dict[str, str]:
    """Addresses of PostgreSQL (as superuser) and SQS, by the names of the environment variables that may give them."""
    if all(name in os.environ for name in SERVER_NAMES):
        return {name: os.environ[name] for name in SERVER_NAMES}
    process = start_servers(pytestconfig)
    assert process.stdout is not None
    told = takewhile(lambda line: line != "ready\n", process.stdout)
    addresses = dict(line.strip().split("=", 1) for line in told if "=" in line)
    if process.poll() is not None or set(SERVER_NAMES) - set(addresses):
        pytest.exit("the servers for the tests did not start: see above", returncode=1)
    return addresses


@pytest.fixture
async def database(servers: dict[str, str]) -> AsyncIterator[Database]:
    """A fresh database with the schema, the roles and the grants of the newest migration."""
    async for fresh in fresh_database(servers["WAYBILL_TEST_DATABASE_URL"], template=TEMPLATE):
        yield fresh


@pytest.fixture
async def empty_database(servers: dict[str, str]) -> AsyncIterator[Database]:
    """A fresh database with nothing in it, owned by the role that runs the migrations."""
    async for fresh in fresh_database(servers["WAYBILL_TEST_DATABASE_URL"], template="template0"):
        yield fresh


async def fresh_database(superuser_url: str, template: str) -> AsyncIterator[Database]:
    """A database made from `template`, dropped afterwards even if something is still connected to it."""
    import asyncpg

    name = f"test_{uuid.uuid4().hex[:12]}"
    administration = await asyncpg.connect(superuser_url)
    try:
        # FILE_COPY is the faster way where nothing is synced to disk.
        await administration.execute(f"CREATE DATABASE {name} OWNER {OWNER} TEMPLATE {template} STRATEGY FILE_COPY")
        database = Database(name, superuser_url)
        async with database.stack:
            yield database
        await administration.execute(f"DROP DATABASE {name} WITH (FORCE)")
    finally:
        await administration.close()


@pytest.fixture
def aws_environment(servers: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> str:
    """Points every AWS client that is made in the test at the local endpoint; the value is that endpoint."""
    endpoint = servers["WAYBILL_TEST_SQS_ENDPOINT"]
    for name, value in {**AWS_SETTINGS, "AWS_ENDPOINT_URL": endpoint}.items():
        monkeypatch.setenv(name, value)
    return endpoint


@pytest.fixture
async def sqs(aws_environment: str) -> AsyncIterator[Any]:
    """An SQS client of aiobotocore."""
    from aiobotocore.session import get_session

    async with get_session().create_client("sqs", endpoint_url=aws_environment, region_name="us-east-1") as client:
        yield client


@pytest.fixture
async def queues(sqs: Any, aws_environment: str) -> AsyncIterator[SimpleNamespace]:
    """A task queue with its dead-letter queue: `url`, `dead_letter_url`, `endpoint`."""
    name = f"test-{uuid.uuid4().hex[:12]}"
    dead_letter_url = (await sqs.create_queue(QueueName=f"{name}-dead"))["QueueUrl"]
    wanted = await sqs.get_queue_attributes(QueueUrl=dead_letter_url, AttributeNames=["QueueArn"])
    redrive = f'{{"deadLetterTargetArn": "{wanted["Attributes"]["QueueArn"]}", "maxReceiveCount": "10"}}'
    attributes = {"VisibilityTimeout": "60", "RedrivePolicy": redrive}
    url = (await sqs.create_queue(QueueName=name, Attributes=attributes))["QueueUrl"]
    yield SimpleNamespace(url=url, dead_letter_url=dead_letter_url, endpoint=aws_environment)
    for each in (url, dead_letter_url):
        await sqs.delete_queue(QueueUrl=each)


class CountingProxy:
    """A TCP proxy that counts what clients send to PostgreSQL, by type of message.

    Parse is P, Bind B, Execute E, Sync S, Query Q.
    """

    def __init__(self, host: str | None, port: int | None) -> None:
        self.target = (host, port)
        self.sent: Counter[bytes] = Counter()
        self.tasks: list[asyncio.Task[None]] = []

    async def serve(self, client_reader: asyncio.StreamReader, client_writer: asyncio.StreamWriter) -> None:
        reader, writer = await asyncio.open_connection(*self.target)
        self.tasks += [
            asyncio.create_task(self.count(client_reader, writer)),
            asyncio.create_task(self.pass_on(reader, client_writer)),
        ]

    async def pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            writer.write(data)
        writer.close()

    async def count(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionResetError):
            kind = b""  # the first message (startup) has no type byte
            while True:
                head = await reader.readexactly(4)
                writer.write(kind + head + await reader.readexactly(int.from_bytes(head, "big") - 4))
                self.sent[kind] += 1
                kind = await reader.readexactly(1)
        writer.close()


@pytest.fixture
async def wire(database: Database) -> AsyncIterator[Callable[[str], Awaitable[tuple[str, Counter[bytes]]]]]:
    """Opens a counting proxy before the test's database: a role's address through it, and what was sent over it."""
    async with AsyncExitStack() as stack:

        async def opened(role: str) -> tuple[str, Counter[bytes]]:
            address = urlsplit(database.url(role))
            proxy = CountingProxy(address.hostname, address.port)
            server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
            stack.callback(lambda: [task.cancel() for task in proxy.tasks])
            stack.callback(server.close)
            port = server.sockets[0].getsockname()[1]
            through = address._replace(netloc=f"{address.username}:{address.password}@127.0.0.1:{port}")
            return through.geturl() + "?sslmode=disable", proxy.sent

        yield opened


@pytest.fixture
def until() -> Callable[..., Awaitable[Any]]:
    """Waits until a condition, plain or async, gives a truthy value, and returns that; fails after `within_seconds`."""

    async def wait(condition: Callable[[], Any], within_seconds: float = 5) -> Any:
        deadline = time.monotonic() + within_seconds
        while True:
            value = condition()
            value = await value if inspect.isawaitable(value) else value
            if value or time.monotonic() > deadline:
                break
            await asyncio.sleep(0.01)
        assert value, f"{getattr(condition, '__qualname__', condition)} did not come true in {within_seconds} s"
        return value

    return wait
