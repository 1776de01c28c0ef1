"""The Lambda function as it stands in MiniStack: its state, its mapping, its log."""

import json
import urllib.request
from collections import Counter
from dataclasses import dataclass
from typing import Any

from waybill_dev.ministack.sqs import ACCESS_KEY, REGION, fetch_json

FUNCTION = "waybill-processor"
_LOG_GROUP = f"/aws/lambda/{FUNCTION}"


@dataclass(frozen=True)
class FunctionState:
    """The function, which zip it runs, and its mapping: state, and what became of the last batch."""

    name: str
    state: str
    code_sha256: str
    mapping: str
    last_result: str

    @property
    def works(self) -> bool:
        """Whether messages of the queue reach it."""
        return self.state == "Active" and self.mapping == "Enabled"


@dataclass(frozen=True)
class LogLine:
    """A line of the function's log; `id` tells it from others of the same time."""

    id: str
    at_ms: int
    text: str


def function_state(endpoint: str) -> FunctionState:
    """The function as it is now. Raises StackError when there is none."""
    found = _get(endpoint, f"/2015-03-31/functions/{FUNCTION}/configuration")
    mappings: list[dict[str, Any]] = _get(endpoint, f"/2015-03-31/event-source-mappings/?FunctionName={FUNCTION}")[
        "EventSourceMappings"
    ]
    mapping = mappings[0] if mappings else {}
    return FunctionState(
        FUNCTION,
        found["State"],
        found["CodeSha256"],
        mapping.get("State", "missing"),
        mapping.get("LastProcessingResult", "none"),
    )


def function_log(endpoint: str, since_ms: int) -> list[LogLine]:
    """Lines of the log from an instant (milliseconds of Unix time) on. Raises StackError when there is no log."""
    wanted = {"logGroupName": _LOG_GROUP, "startTime": since_ms}
    headers = {
        "Content-Type": "application/x-amz-json-1.1",
        "X-Amz-Target": "Logs_20140328.FilterLogEvents",
        "Authorization": _credential("logs"),
    }
    answer = fetch_json(urllib.request.Request(endpoint, data=json.dumps(wanted).encode(), headers=headers))
    # A stream holds one invocation, written in one go: its lines come together, so their numbers stay.
    numbers: Counter[str] = Counter()
    lines: list[LogLine] = []
    for event in answer["events"]:
        stream: str = event["logStreamName"]
        numbers[stream] += 1
        lines.append(LogLine(f"{stream} {numbers[stream]}", event["timestamp"], event["message"]))
    return lines


def _get(endpoint: str, path: str) -> dict[str, Any]:
    return fetch_json(urllib.request.Request(endpoint + path, headers={"Authorization": _credential("lambda")}))


def _credential(service: str) -> str:
    scope = f"{ACCESS_KEY}/20260101/{REGION}/{service}/aws4_request"
    return f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=none"
