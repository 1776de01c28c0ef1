"""The application in this process, and as a process of its own."""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from waybill_api.app import create_app
from waybill_api.edge import with_request_ids
from waybill_api.methods import with_head
from waybill_api.settings import ApiSettings

WAYBILL_API = Path(sys.executable).parent / "waybill-api"


async def serve(database_url, ready, stop):
    app = create_app(ApiSettings(database_url=database_url), None)
    transport = httpx.ASGITransport(with_request_ids(with_head(app)))
    async with app.lifespan(), httpx.AsyncClient(transport=transport, base_url="http://waybill.test") as client:
        ready.set_result(client)
        await stop.wait()


@pytest.fixture
async def client_of():
    """Makes clients of an application in this process, over any database address."""
    stop = asyncio.Event()
    serving = []

    async def opened(database_url):
        ready = asyncio.get_running_loop().create_future()
        served = asyncio.create_task(serve(database_url, ready, stop))
        serving.append(served)
        await asyncio.wait([served, ready], return_when=asyncio.FIRST_COMPLETED)
        return ready.result() if ready.done() else served.result()

    yield opened
    stop.set()
    await asyncio.gather(*serving)


@pytest.fixture
async def client(database, client_of):
    return await client_of(database.url("waybill_api"))


class DatabaseProxy:
    """A TCP proxy before PostgreSQL that can stop like a server, fall silent, or keep the answers for itself."""

    def __init__(self, host, port):
        self.target, self.streams, self.tasks = (host, port), [], set()
        self.port, self.listener = 0, None
        self.flowing, self.swallowing, self.swallowed = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def listen(self):
        self.flowing.set()
        self.swallowing.clear()
        self.listener = await asyncio.start_server(self.serve, "127.0.0.1", self.port)
        self.port = self.listener.sockets[0].getsockname()[1]

    def close(self):
        """As when PostgreSQL stops: every connection breaks, new ones are refused."""
        self.listener.close()
        while self.streams:
            self.streams.pop().transport.abort()

    async def serve(self, client_reader, client_writer):
        reader, writer = await asyncio.open_connection(*self.target)
        self.streams += [client_writer, writer]
        for ends in ((client_reader, writer, False), (reader, client_writer, True)):
            task = asyncio.create_task(self.pass_on(*ends))
            self.tasks.add(task)
            task.add_done_callback(self.tasks.discard)

    async def pass_on(self, reader, writer, is_answer):
        with suppress(OSError):
            while data := await reader.read(65536):
                await self.flowing.wait()
                if is_answer and self.swallowing.is_set():
                    self.swallowed.set()
                    continue
                writer.write(data)
            writer.close()


@pytest.fixture
async def proxy(database):
    """A proxy before the test's database; `proxy.url` is the address through it, for role `waybill_api`."""
    url = urlsplit(database.url("waybill_api"))
    proxy = DatabaseProxy(url.hostname, url.port)
    await proxy.listen()
    address = url._replace(netloc=f"{url.username}:{url.password}@127.0.0.1:{proxy.port}", query="sslmode=disable")
    proxy.url = address.geturl()
    yield proxy
    proxy.close()
    for task in proxy.tasks:
        task.cancel()


class ServerProcess:
    """`waybill-api` as an operator starts it."""

    def __init__(self, process, port):
        self.process, self.port = process, port

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    async def exchange(self, *pieces, within_seconds=15):
        """Sends bytes on a new connection (an async callable among them is awaited) and reads until it is closed."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            for piece in pieces:
                writer.write(piece)
                await writer.drain()
            return await asyncio.wait_for(reader.read(), within_seconds)
        finally:
            writer.close()

    async def stop(self, number=signal.SIGTERM):
        if self.process.returncode is None:
            self.process.send_signal(number)
        return await asyncio.wait_for(self.process.wait(), 15)


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


@pytest.fixture
async def start_server(until) -> AsyncIterator:
    """Starts `waybill-api` over a database address and waits until it answers."""
    started = []

    async def start(database_url, **environment):
        port = free_port()
        given = {"WAYBILL_DATABASE_URL": database_url, "WAYBILL_API_PORT": str(port), "WAYBILL_RELAY": "apart"}
        variables = {**os.environ, **given, **environment}
        process = await asyncio.create_subprocess_exec(WAYBILL_API, env=variables, stderr=asyncio.subprocess.PIPE)
        server = ServerProcess(process, port)
        started.append(server)
        await until(lambda: answers(server.url), within_seconds=20)
        return server

    yield start
    for server in started:
        if server.process.returncode is None:
            server.process.kill()
        await server.process.communicate()


async def answers(url):
    async with httpx.AsyncClient() as client:
        try:
            return (await client.get(url + "/health/live")).status_code == 200
        except httpx.TransportError:
            return False
