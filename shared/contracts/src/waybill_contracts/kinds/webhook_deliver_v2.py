"""`webhook.deliver`, version 2: send a signed text, exactly as given, to a URL, until the receiver takes it."""

from typing import Annotated, Literal, Self

import msgspec
from msgspec import Meta

from ..payload import TaskPayload
from .webhook_deliver import DeliverWebhook, WebhookDelivered, WebhookUrl

_TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_TEXT = r"[ -~]*[!-~]"
"""Printable ASCII that does not end in a space: what every server reads the same."""

# What HTTP or the processor sets. Behind WSGI and CGI `_` and `-` are the same.
_OURS = (
    "connection|content[-_](?:length|type)|expect|host|keep[-_]alive|proxy[-_]connection|te|trailer"
    "|transfer[-_]encoding|upgrade|user[-_]agent|webhook[-_].*"
)

HeaderName = Annotated[
    str,
    Meta(
        pattern=rf"^(?!(?:{_OURS})$)[!#$%&'*+.^_`|~0-9a-z-]+(?!\n)$",
        max_length=128,
        examples=["x-event", "authorization"],
    ),
]
HeaderValue = Annotated[
    str, Meta(pattern=rf"^(?:[!-~](?:{_TEXT})?)?(?!\n)$", max_length=8192, examples=["order.paid", ""])
]
ContentType = Annotated[str, Meta(pattern=rf"^{_TOKEN}/{_TOKEN}(?: *;{_TEXT})?(?!\n)$", max_length=255)]


class DeliverWebhookV2(TaskPayload, kind="webhook.deliver", version=2, result=WebhookDelivered):
    """Where to send a text, and how. It goes as it is, byte for byte, and is signed so."""

    url: WebhookUrl
    body: Annotated[
        str, Meta(description="The text to send, in UTF-8; nothing is added or changed.", examples=['{"order": 7}\n'])
    ]
    method: Annotated[Literal["POST", "PUT", "PATCH"], Meta(description="HTTP method.", examples=["PUT"])] = "POST"
    content_type: Annotated[
        ContentType, Meta(description="What the body is.", examples=["application/json; charset=utf-8", "text/csv"])
    ] = "application/json"
    headers: Annotated[
        dict[HeaderName, HeaderValue],
        Meta(
            max_length=32,
            description="Sent besides our own; names in lower case. None that HTTP, the content type or the signature"
            " needs. They are stored and shown with the task: a secret here is seen by all who may read it.",
            examples=[{"x-event": "order.paid"}, {"authorization": "Bearer a.b", "x-empty": ""}],
        ),
    ] = {}  # noqa: RUF012 msgspec copies it

    @classmethod
    def from_older(cls, older: DeliverWebhook) -> Self:
        """The same delivery: version 1 posts the JSON of any value."""
        return cls(url=older.url, body=msgspec.json.encode(older.body).decode())
