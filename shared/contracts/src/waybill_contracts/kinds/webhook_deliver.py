"""`webhook.deliver`, version 1: POST a signed JSON document to a URL, until the receiver takes it."""

from typing import Annotated, Any

from msgspec import Meta

from ..payload import TaskPayload, TaskResult

WebhookUrl = Annotated[
    str,
    Meta(
        pattern=r"^https?://[^\s/@]+(?:[/?#]\S*)?(?!\n)$",
        max_length=8192,
        description="http or https, without credentials.",
        examples=["https://example.com/hook"],
    ),
]


class WebhookDelivered(TaskResult):
    """The answer that counted as delivered."""

    status_code: Annotated[int, Meta(ge=200, le=299, description="HTTP status of the answer.", examples=[204])]
    duration_ms: Annotated[int, Meta(ge=0, description="From the request to the answer's end.", examples=[182])]


class DeliverWebhook(TaskPayload, kind="webhook.deliver", version=1, result=WebhookDelivered):
    """Where to POST, and the JSON value to POST there."""

    url: WebhookUrl
    body: Annotated[
        Any, Meta(description="Any JSON value; it is sent as `application/json`.", examples=[{"order": 7}])
    ] = None
