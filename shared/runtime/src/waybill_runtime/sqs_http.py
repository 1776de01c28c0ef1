"""HTTP to one endpoint: connections that are kept, bounded waits, bounded answers."""

import ssl
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager

import aiohttp
from msgspec import Struct
from yarl import URL

CONNECT_SECONDS = 2.0
IDLE_SECONDS = 12.0
"""A connection is used again for so long. Servers close idle ones too, and a POST that meets the close fails."""
MAX_ANSWER_BYTES = 32 * 1024 * 1024
"""Ten messages of SQS's largest, escaped."""


class Unreachable(Exception):
    """No answer came, or none that is HTTP; one line."""


class Answer(Struct, frozen=True):
    """An answer of any status."""

    status: int
    headers: Mapping[str, str]
    """By name, whatever its case."""
    body: bytes


class Http:
    """Posts to one URL; made by `open_http`."""

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self._session = session
        self._url = URL(url, encoded=True)

    async def post(self, headers: Mapping[str, str], body: bytes) -> Answer:
        """One request, never repeated. Raises `Unreachable`."""
        try:
            async with self._session.post(self._url, data=body, headers=headers, allow_redirects=False) as response:
                return Answer(response.status, response.headers, await _read(response))
        except TimeoutError as error:
            raise Unreachable(f"{self._url.origin()} gave no answer in time") from error
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise Unreachable(f"{self._url.origin()}: {_reason(error)}") from error


def _reason(error: Exception) -> str:
    """In few words: what aiohttp says of a connection holds a dump of its TLS context."""
    if isinstance(error, aiohttp.ClientConnectorError):
        return error.os_error.strerror or str(error.os_error)
    return str(error) or type(error).__name__


async def _read(response: aiohttp.ClientResponse) -> bytes:
    body = bytearray()
    async for part in response.content.iter_any():
        body += part
        if len(body) > MAX_ANSWER_BYTES:
            raise ValueError(f"an answer of more than {MAX_ANSWER_BYTES} bytes")
    return bytes(body)


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
    context = _tls(certificates) if url.startswith("https:") else False
    connector = aiohttp.TCPConnector(limit=max_connections, keepalive_timeout=IDLE_SECONDS, ssl=context)
    timeout = aiohttp.ClientTimeout(
        total=CONNECT_SECONDS + read_seconds, sock_connect=CONNECT_SECONDS, sock_read=read_seconds
    )
    async with aiohttp.ClientSession(
        connector=connector,
        timeout=timeout,
        proxy=proxy,
        cookie_jar=aiohttp.DummyCookieJar(),
        headers={"user-agent": "waybill"},
        skip_auto_headers=("accept", "accept-encoding"),
        auto_decompress=False,
    ) as session:
        yield Http(session, url)
