"""A small HTTP client for exact numbers of requests and for steady rates, where wrk has neither."""

import asyncio
import json
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from .places import LOOPBACK


@dataclass(frozen=True)
class Sent:
    """A request that was answered: when it left (seconds since 1970), how long it took, what came."""

    sent_at: float
    took_ms: float
    status: int
    document: Any


class Connection:
    """A connection that is kept; one request at a time. Raises OSError, EOFError and TimeoutError."""

    def __init__(self, port: int, timeout_seconds: float = 30.0) -> None:
        self._port = port
        self._timeout_seconds = timeout_seconds
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def request(self, raw: bytes) -> tuple[int, bytes]:
        """Send the bytes of a request; status and body of the answer."""
        async with asyncio.timeout(self._timeout_seconds):
            if self._streams is None or self._streams[0].at_eof():  # servers close what has been idle
                self._streams = await asyncio.open_connection(LOOPBACK, self._port)
            reader, writer = self._streams
            writer.write(raw)
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            found = head.find(b"content-length:")
            length = int(head[found + 15 : head.index(b"\r\n", found)]) if found >= 0 else 0
            body = await reader.readexactly(length)
            if b"\r\nconnection: close" in head:
                self.close()
            return int(head[9:12]), body

    def close(self) -> None:
        """Close it; the next request opens another."""
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None


def post_bytes(path: str, document: object) -> bytes:
    """A POST of a JSON document."""
    body = json.dumps(document).encode()
    head = f"POST {path} HTTP/1.1\r\nHost: {LOOPBACK}\r\nContent-Type: application/json\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


def get_bytes(path: str) -> bytes:
    """A GET."""
    return f"GET {path} HTTP/1.1\r\nHost: {LOOPBACK}\r\n\r\n".encode()


async def timed(connection: Connection, raw: bytes) -> Sent:
    """One request, with its time."""
    sent_at, began = time.time(), time.perf_counter()
    status, body = await connection.request(raw)
    took_ms = (time.perf_counter() - began) * 1000
    return Sent(sent_at, took_ms, status, json.loads(body) if body else None)


async def send_exactly(port: int, raw: bytes, number: int, connections: int) -> list[Sent]:
    """Send a request so many times over some connections, each as fast as it is answered."""
    left = iter(range(number))

    async def one() -> list[Sent]:
        connection = Connection(port)
        found = [await timed(connection, raw) for _ in left]
        connection.close()
        return found

    return [sent for part in await asyncio.gather(*(one() for _ in range(connections))) for sent in part]


async def send_steadily(port: int, raw: bytes, per_second: float, seconds: float) -> list[Sent]:
    """Send at a steady rate, whatever the answers take (open loop)."""
    loop = asyncio.get_running_loop()
    # Each in its turn, so that none is idle for as long as a server takes for too long.
    free = deque(Connection(port) for _ in range(4))
    began = loop.time() + 0.05

    async def one() -> Sent:
        connection = free.popleft() if free else Connection(port)
        sent = await timed(connection, raw)
        free.append(connection)
        return sent

    running: list[asyncio.Task[Sent]] = []
    for number in range(round(per_second * seconds)):
        await asyncio.sleep(max(0.0, began + number / per_second - loop.time()))
        running.append(asyncio.create_task(one()))
    answered = await asyncio.gather(*running)
    for connection in free:
        connection.close()
    return answered


def times_ms(sent: Sequence[Sent]) -> list[float]:
    """How long each took."""
    return [one.took_ms for one in sent]
