"""The few SQS calls that the local stack makes, without an AWS library, which would double its start time."""

import json
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import Any, cast

from waybill_dev.errors import StackError

REGION = "us-east-1"
ACCESS_KEY = "test"
ACCOUNT_ID = "000000000000"
_TIMEOUT_SECONDS = 5.0
_CREDENTIAL = f"AWS4-HMAC-SHA256 Credential={ACCESS_KEY}/20260101/{REGION}/sqs/aws4_request"


@dataclass(frozen=True)
class QueueDepth:
    """How many messages a queue holds: waiting, received and not yet deleted, delayed."""

    visible: int
    in_flight: int
    delayed: int


def call(endpoint: str, action: str, body: dict[str, Any]) -> dict[str, Any]:
    """Answer of SQS to one action. Raises StackError when it refuses or does not answer."""
    headers = {
        "Content-Type": "application/x-amz-json-1.0",
        "X-Amz-Target": f"AmazonSQS.{action}",
        "Authorization": _CREDENTIAL,
    }
    return fetch_json(urllib.request.Request(endpoint, data=json.dumps(body).encode(), headers=headers))


def fetch_json(request: urllib.request.Request) -> dict[str, Any]:
    """JSON object that MiniStack answers. Raises StackError when it refuses or does not answer."""
    try:
        # An opener without proxies: the address is on loopback.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=_TIMEOUT_SECONDS) as answer:
            return cast("dict[str, Any]", json.loads(answer.read() or b"{}"))
    except urllib.error.HTTPError as error:
        raise StackError(f"SQS refused {request.full_url}: {error.read(500).decode(errors='replace')}") from None
    except (OSError, ValueError) as error:
        raise StackError(f"SQS does not answer at {request.full_url}: {error}") from None


def depth(endpoint: str, queue_url: str) -> QueueDepth:
    """How many messages the queue holds now. Raises StackError."""
    prefix = "ApproximateNumberOfMessages"
    wanted = {"QueueUrl": queue_url, "AttributeNames": [prefix, f"{prefix}NotVisible", f"{prefix}Delayed"]}
    counts: dict[str, str] = call(endpoint, "GetQueueAttributes", wanted)["Attributes"]
    return QueueDepth(int(counts[prefix]), int(counts[f"{prefix}NotVisible"]), int(counts[f"{prefix}Delayed"]))
