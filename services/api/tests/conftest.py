"""The application in this process, and as a process of its own."""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from waybill_api.app import create_app
from waybill_api.edge import with_request_ids
from waybill_api.settings import ApiSettings

WAYBILL_API = Path(sys.executable).parent / "waybill-api"


async def serve(database_url, ready, stop):
    app = create_app(ApiSettings(database_url=database_url), None)
    transport = httpx.ASGITransport(with_request_ids(app))
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
        serving.append(asyncio.create_task(serve(database_url, ready, stop)))
        return await ready

    yield opened
    stop.set()
    await asyncio.gather(*serving)


@pytest.fixture
async def client(database, client_of):
    return await client_of(database.url("waybill_api"))


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
