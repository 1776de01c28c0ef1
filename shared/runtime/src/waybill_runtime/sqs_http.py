"""HTTP/1.1 to one endpoint: connections that are kept, bounded waits, bounded answers.

Parsing is left to httptools. A request costs a third of what it does with a general client, which goes through
redirects, cookies, encodings and hooks; through a proxy, such a client is used (`sqs_proxied`).
"""

import asyncio
import socket
import ssl
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Protocol
from urllib.parse import urlsplit

import aiohappyeyeballs
from msgspec import Struct

from .sqs_connection import Answer, BrokenOff, Connection

CONNECT_SECONDS = 2.0
IDLE_SECONDS = 12.0
"""A connection is used again for so long. Servers close idle ones too."""
HAPPY_EYEBALLS_SECONDS = 0.25
"""Until another address of the same name is tried beside the first (RFC 8305)."""


_happy: Any = aiohappyeyeballs  # its types are incomplete


class Unreachable(Exception):
    """No answer came, or none that is HTTP; one line."""


class Http(Protocol):
    """Posts to one URL."""

    async def post(self, headers: Mapping[str, str], body: bytes) -> Answer:
        """One request. Raises `Unreachable`."""
        ...


class _Target(Struct, frozen=True):
    """Where connections go."""

    origin: str
    host: str
    port: int
    path: str
    tls: ssl.SSLContext | None


class DirectHttp:
    """Posts over connections of its own."""

    def __init__(self, target: _Target, read_seconds: float, max_connections: int) -> None:
        self._target = target
        self._read_seconds = read_seconds
        self._places = asyncio.Semaphore(max_connections)
        self._idle: list[Connection] = []

    async def post(self, headers: Mapping[str, str], body: bytes) -> Answer:
        """One request, repeated only if a kept connection turns out to have been closed. Raises `Unreachable`."""
        request = _request(self._target.path, headers, body)
        async with self._places:
            try:
                return await self._post(request)
            except TimeoutError as error:
                raise Unreachable(f"{self._target.origin} gave no answer in time") from error
            except (OSError, BrokenOff) as error:
                reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
                raise Unreachable(f"{self._target.origin}: {reason}") from error

    async def _post(self, request: bytes) -> Answer:
        kept = self._take_idle()
        if kept is not None:
            try:
                return await self._ask(kept, request)
            except BrokenOff as error:
                if error.has_answered:
                    raise
        return await self._ask(await self._connect(), request)

    async def _ask(self, connection: Connection, request: bytes) -> Answer:
        answer = await connection.ask(request, self._read_seconds)
        if connection.can_be_kept:
            self._idle.append(connection)
        return answer

    def _take_idle(self) -> Connection | None:
        while self._idle:
            connection = self._idle.pop()
            if connection.can_be_kept and connection.idle_seconds < IDLE_SECONDS:
                return connection
            connection.close()
        return None

    async def _connect(self) -> Connection:
        loop, target = asyncio.get_running_loop(), self._target
        async with asyncio.timeout(CONNECT_SECONDS):
            found = await loop.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)
            connected = await _happy.start_connection(found, happy_eyeballs_delay=HAPPY_EYEBALLS_SECONDS, loop=loop)
            connected.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            name = target.host if target.tls else None
            _, connection = await loop.create_connection(
                Connection, sock=connected, ssl=target.tls, server_hostname=name
            )
        return connection

    def close(self) -> None:
        """Close the connections that are idle; one that is asked closes with its answer."""
        for connection in self._idle:
            connection.close()
        self._idle.clear()


def _request(path: str, headers: Mapping[str, str], body: bytes) -> bytes:
    lines = [f"POST {path} HTTP/1.1", f"content-length: {len(body)}", "user-agent: waybill"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    head = "\r\n".join(lines)
    if head.count("\n") >= len(lines) or head.count("\r") >= len(lines):
        raise Unreachable("a line break among AWS's credentials or settings")
    return head.encode() + b"\r\n\r\n" + body


def _tls(certificates: str) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=certificates)
    except OSError as error:
        raise Unreachable(f"the certificates in {certificates} cannot be read: {error.strerror}") from error


@asynccontextmanager
async def open_http(
    url: str, proxy: str | None, certificates: str, read_seconds: float, max_connections: int
) -> AsyncGenerator[Http]:
    """Connections to a URL for the length of the block; none is made yet. Raises `Unreachable` for bad certificates."""
    address = urlsplit(url)
    tls = _tls(certificates) if address.scheme == "https" else None
    if proxy is not None:
        from .sqs_proxied import open_proxied  # rare, and heavy

        async with open_proxied(url, proxy, tls, CONNECT_SECONDS, read_seconds) as http:
            yield http
        return
    port = address.port or (443 if tls else 80)
    origin = f"{address.scheme}://{address.netloc}"
    target = _Target(origin, address.hostname or "", port, address.path or "/", tls)
    http = DirectHttp(target, read_seconds, max_connections)
    try:
        yield http
    finally:
        http.close()
