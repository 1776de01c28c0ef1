"""What goes over the wire to PostgreSQL, counted by a proxy in between."""

import asyncio
from collections import Counter
from contextlib import suppress
from urllib.parse import urlsplit

import pytest

SYNC, QUERY, PARSE, BIND, EXECUTE = b"S", b"Q", b"P", b"B", b"E"


class CountingProxy:
    """A TCP proxy that counts the messages clients send to PostgreSQL, by their type."""

    def __init__(self, host, port):
        self.target, self.sent, self.tasks = (host, port), Counter(), []

    async def serve(self, client_reader, client_writer):
        reader, writer = await asyncio.open_connection(*self.target)
        self.tasks += [
            asyncio.create_task(self.count(client_reader, writer)),
            asyncio.create_task(self.pass_on(reader, client_writer)),
        ]

    async def pass_on(self, reader, writer):
        while data := await reader.read(65536):
            writer.write(data)
        writer.close()

    async def count(self, reader, writer):
        with suppress(asyncio.IncompleteReadError):
            kind = b""  # the first message (startup) has no type byte
            while True:
                head = await reader.readexactly(4)
                writer.write(kind + head + await reader.readexactly(int.from_bytes(head, "big") - 4))
                self.sent[kind] += 1
                kind = await reader.readexactly(1)
        writer.close()


@pytest.fixture
async def proxied(database):
    """A proxy before the test's database, and the address through it."""
    url = urlsplit(database.url("waybill_api"))
    proxy = CountingProxy(url.hostname, url.port)
    server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    yield proxy, url._replace(netloc=f"{url.username}:{url.password}@127.0.0.1:{port}").geturl() + "?sslmode=disable"
    server.close()
    for task in proxy.tasks:
        task.cancel()


async def test_a_submit_in_steady_state_is_one_round_trip(proxied, client_of):
    proxy, url = proxied
    client = await client_of(url)
    await client.post("/tasks", json={"title": "prepares the statement"})
    proxy.sent.clear()
    for n in range(5):
        await client.post("/tasks", json={"title": f"note {n}"})
    assert proxy.sent == {BIND: 5, EXECUTE: 5, SYNC: 5}


async def test_concurrent_submits_share_their_round_trips(proxied, client_of):
    proxy, url = proxied
    client = await client_of(url)
    await client.post("/tasks", json={"title": "prepares the statement"})
    proxy.sent.clear()
    await asyncio.gather(*(client.post("/tasks", json={"title": f"note {n}"}) for n in range(100)))
    assert proxy.sent[SYNC] == proxy.sent[BIND] <= 20
    assert set(proxy.sent) == {BIND, EXECUTE, SYNC}


async def test_reading_a_task_in_steady_state_is_one_round_trip(proxied, client_of):
    proxy, url = proxied
    client = await client_of(url)
    location = (await client.post("/tasks", json={"title": "a note"})).headers["location"]
    await client.get(location)
    proxy.sent.clear()
    await client.get(location)
    assert proxy.sent == {BIND: 1, EXECUTE: 1, SYNC: 1}
