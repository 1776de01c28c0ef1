"""`webhook.deliver`: POST a signed JSON document to a URL, until the receiver takes it."""

from typing import Annotated, Any

from msgspec import Meta

from ..payload import TaskPayload, TaskResult


class WebhookDelivered(TaskResult):
    """The answer that counted as delivered."""

    status_code: Annotated[int, Meta(ge=200, le=299)]
    duration_ms: Annotated[int, Meta(ge=0)]


class DeliverWebhook(TaskPayload, kind="webhook.deliver", version=1, result=WebhookDelivered):
    """Where to POST, and the JSON value to POST there.

    `url` is http or https without credentials. `body` is any JSON value; it is sent as `application/json`.
    """

    url: Annotated[
        str,
        Meta(pattern=r"^https?://[^\s/@]+(?:[/?#]\S*)?(?!\n)$", max_length=8192, examples=["https://example.com/hook"]),
    ]
    body: Any = None
