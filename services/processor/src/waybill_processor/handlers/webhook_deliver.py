"""Handler of `webhook.deliver`: a signed request, tried again until the receiver answers 2xx."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Self

import structlog
from waybill_contracts.kinds.webhook_deliver import WebhookDelivered
from waybill_contracts.kinds.webhook_deliver_v2 import DeliverWebhookV2

from ..context import TaskContext
from ..policy import RetryPolicy
from .webhook_answers import refuse_unless_delivered
from .webhook_signing import WebhookSigner

if TYPE_CHECKING:
    from .webhook_client import WebhookClient

WEBHOOK_POLICY = RetryPolicy(max_attempts=8, time_limit_seconds=20.0)

log = structlog.get_logger()


class WebhookSender:
    """The sender of `webhook.deliver`; an async context manager. Nothing is opened before the first delivery."""

    def __init__(self, signer: WebhookSigner, open_client: Callable[[], "WebhookClient"]) -> None:
        self._signer = signer
        self._open_client = open_client
        self._client: WebhookClient | None = None

    async def __aenter__(self) -> Self:
        if not self._signer.signs:
            log.warning("webhooks.unsigned", hint="set WAYBILL_WEBHOOK_SECRET to sign them")
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._client is not None:
            await self._client.close()
            self._client = None

    async def deliver(self, payload: DeliverWebhookV2, task: TaskContext) -> WebhookDelivered:
        """Send `payload.body`; the task's id is the receiver's idempotency key.

        Raises `Permanent` when trying again is of no use, `RetryAfter` when the receiver says when to, else
        `NotDelivered`.
        """
        if self._client is None:
            self._client = self._open_client()
        body = payload.body.encode()
        signed = self._signer.headers(str(task.task_id), int(time.time()), body)
        headers = {"content-type": payload.content_type} | payload.headers | signed
        began = time.perf_counter()
        host, status_code, retry_after = await self._client.send(payload.method, payload.url, headers, body)
        refuse_unless_delivered(status_code, retry_after, host, lambda: datetime.now(UTC))
        return WebhookDelivered(status_code=status_code, duration_ms=round((time.perf_counter() - began) * 1000))


def webhook_sender(secrets: str, allow_private: bool) -> WebhookSender:
    """A sender by its two settings. Raises `ValueError` when the secret cannot be read."""

    def opened() -> "WebhookClient":
        from .webhook_client import open_client

        return open_client(allow_private)

    return WebhookSender(WebhookSigner(secrets), opened)
