"""The HTTP of `webhook.deliver`. Imported with the first delivery: aiohttp is half of what a cold start would load."""

from typing import NamedTuple, NoReturn

import aiohttp
from yarl import URL

from ..errors import Permanent
from .webhook_addresses import AddressRefused, anywhere, guarded_connector, is_public
from .webhook_answers import NotDelivered

# Under the time limit, so that the error names the host and what it failed to do.
TIMEOUT = aiohttp.ClientTimeout(total=15.0, sock_connect=5.0)
USER_AGENT = "waybill-webhooks/1"
ANSWER_BUFFER_BYTES = 4096


class Answer(NamedTuple):
    """What a receiver said, and its host, with the port where that is not the usual one."""

    host: str
    status_code: int
    retry_after: str | None


class WebhookClient:
    """Sends requests; needs a running loop from its making on, and `close` at the end."""

    def __init__(self, connector: aiohttp.TCPConnector, timeout: aiohttp.ClientTimeout = TIMEOUT) -> None:
        self._session = aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=timeout,
            headers={"user-agent": USER_AGENT},
            auto_decompress=False,
            read_bufsize=ANSWER_BUFFER_BYTES,
            trust_env=False,
        )

    async def send(self, method: str, url: str, headers: dict[str, str], body: bytes) -> Answer:
        """Raises `Permanent` for a URL or a host that can never be sent to, `NotDelivered` when nobody answered."""
        target = _target(url)
        host = target.host_port_subcomponent or ""
        try:
            response = await self._session.request(method, target, data=body, headers=headers, allow_redirects=False)
        except (aiohttp.ClientError, AddressRefused, TimeoutError, ValueError) as error:
            _raise_for_transport(error, host)
        try:
            return Answer(host, response.status, response.headers.get("retry-after"))
        finally:
            response.release()  # reads nothing: a body that did not come with the headers ends the connection

    async def close(self) -> None:
        """End all connections."""
        await self._session.close()


def open_client(allow_private: bool) -> WebhookClient:
    """A client that reaches public addresses, or all."""
    return WebhookClient(guarded_connector(anywhere if allow_private else is_public))


def _target(text: str) -> URL:
    try:
        url = URL(text)
    except ValueError:
        raise Permanent("the payload's url cannot be read as a URL") from None
    if url.scheme not in ("http", "https") or not url.host or url.user is not None or url.password is not None:
        raise Permanent("the payload's url must be http or https, with a host and without credentials")
    return url


def _raise_for_transport(error: Exception, host: str) -> NoReturn:
    """Tell what happened without quoting the error: many of them quote the URL."""
    match error:
        case AddressRefused():
            raise Permanent(f"{host}: {error}; private networks are refused") from None
        case aiohttp.ClientSSLError():  # before ValueError, which a bad certificate is too
            reason = "did not pass the check of its certificate, or speaks no TLS"
        case ValueError():  # aiohttp.InvalidURL among them, and a name that cannot be looked up
            raise Permanent(f"{host}: that host cannot be connected to; is it spelled as usual?") from None
        case aiohttp.ConnectionTimeoutError():
            reason = "took no connection in time"
        case TimeoutError():
            reason = "did not answer in time"
        case aiohttp.ClientConnectorDNSError():
            reason = "has no address in DNS"
        case aiohttp.ClientConnectorError():
            reason = f"took no connection ({error.os_error.strerror or type(error.os_error).__name__})"
        case aiohttp.ServerDisconnectedError() | aiohttp.ClientOSError():
            reason = "broke the connection"
        case _:
            reason = f"gave no answer that is HTTP ({type(error).__name__})"
    raise NotDelivered(f"{host} {reason}") from None
