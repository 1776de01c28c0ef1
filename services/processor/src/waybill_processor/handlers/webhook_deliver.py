"""Handler of `webhook.deliver`: a signed request, tried again until the receiver answers 2xx."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import NoReturn, Self

import aiohttp
import structlog
from waybill_contracts.kinds.webhook_deliver import WebhookDelivered
from waybill_contracts.kinds.webhook_deliver_v2 import DeliverWebhookV2
from yarl import URL

from ..context import TaskContext
from ..errors import Permanent
from ..policy import RetryPolicy
from .webhook_addresses import AddressRefused, anywhere, guarded_connector, is_public
from .webhook_answers import NotDelivered, refuse_unless_delivered
from .webhook_signing import WebhookSigner

# Under the time limit, so that the error names the host and what it failed to do.
TIMEOUT = aiohttp.ClientTimeout(total=15.0, sock_connect=5.0)
WEBHOOK_POLICY = RetryPolicy(max_attempts=8, time_limit_seconds=20.0)
USER_AGENT = "waybill-webhooks/1"
ANSWER_BUFFER_BYTES = 4096

log = structlog.get_logger()


class WebhookSender:
    """The HTTP client of `webhook.deliver`; an async context manager. Nothing is opened before the first delivery."""

    def __init__(
        self,
        signer: WebhookSigner,
        connect: Callable[[], aiohttp.TCPConnector],
        timeout: aiohttp.ClientTimeout = TIMEOUT,
    ) -> None:
        self._signer = signer
        self._connect = connect
        self._timeout = timeout
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        if not self._signer.signs:
            log.warning("webhooks.unsigned", hint="set WAYBILL_WEBHOOK_SECRET to sign them")
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def deliver(self, payload: DeliverWebhookV2, task: TaskContext) -> WebhookDelivered:
        """Send `payload.body`; the task's id is the receiver's idempotency key.

        Raises `Permanent` when trying again is of no use, `RetryAfter` when the receiver says when to, else
        `NotDelivered`.
        """
        url = _target(payload.url)
        host = url.host_port_subcomponent or ""
        body = payload.body.encode()
        signed = self._signer.headers(str(task.task_id), int(time.time()), body)
        headers = {"content-type": payload.content_type} | payload.headers | signed
        began = time.perf_counter()
        try:
            status_code, retry_after = await self._send(payload.method, url, headers, body)
        except (aiohttp.ClientError, AddressRefused, TimeoutError, ValueError) as error:
            _raise_for_transport(error, host)
        refuse_unless_delivered(status_code, retry_after, host, lambda: datetime.now(UTC))
        return WebhookDelivered(status_code=status_code, duration_ms=round((time.perf_counter() - began) * 1000))

    async def _send(self, method: str, url: URL, headers: dict[str, str], body: bytes) -> tuple[int, str | None]:
        response = await self._opened().request(method, url, data=body, headers=headers, allow_redirects=False)
        try:
            return response.status, response.headers.get("retry-after")
        finally:
            response.release()  # reads nothing: a body that did not come with the headers ends the connection

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=self._connect(),
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=self._timeout,
                headers={"user-agent": USER_AGENT},
                auto_decompress=False,
                read_bufsize=ANSWER_BUFFER_BYTES,
                trust_env=False,
            )
        return self._session


def webhook_sender(secrets: str, allow_private: bool) -> WebhookSender:
    """A sender by its two settings. Raises `ValueError` when the secret cannot be read."""
    rule = anywhere if allow_private else is_public
    return WebhookSender(WebhookSigner(secrets), lambda: guarded_connector(rule))


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
