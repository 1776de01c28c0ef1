"""HTTP to one endpoint through a proxy, by aiohttp."""

import ssl
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager

import aiohttp
from yarl import URL

from .sqs_connection import MAX_ANSWER_BYTES, Answer
from .sqs_http import Unreachable


class ProxiedHttp:
    """Posts to one URL; made by `open_proxied`."""

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self._session = session
        self._url = URL(url, encoded=True)

    async def post(self, headers: Mapping[str, str], body: bytes) -> Answer:
        """One request, never repeated. Raises `Unreachable`."""
        try:
            async with self._session.post(self._url, data=body, headers=headers, allow_redirects=False) as response:
                answered = {name.lower(): value for name, value in response.headers.items()}
                return Answer(response.status, answered, await _read(response))
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


@asynccontextmanager
async def open_proxied(
    url: str, proxy: str, tls: ssl.SSLContext | None, connect_seconds: float, read_seconds: float
) -> AsyncGenerator[ProxiedHttp]:
    """Connections through a proxy for the length of the block; none is made yet."""
    total = connect_seconds + read_seconds
    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(ssl=tls or False),
        timeout=aiohttp.ClientTimeout(total=total, sock_connect=connect_seconds, sock_read=read_seconds),
        proxy=proxy,
        cookie_jar=aiohttp.DummyCookieJar(),
        headers={"user-agent": "waybill"},
        skip_auto_headers=("accept", "accept-encoding"),
        auto_decompress=False,
    ) as session:
        yield ProxiedHttp(session, url)
