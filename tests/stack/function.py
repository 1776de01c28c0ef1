"""The deployed zip in place of the worker: MiniStack runs it as AWS Lambda would, behind the mapping of the queue."""

import base64
import functools
import json
import os
import signal
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from waybill_dev.ministack import TASKS, MiniStack
from waybill_dev.ministack.sqs import fetch_json

from tools.lambda_zip import LOCAL, build
from tools.workspace import package_in

NAME = "waybill-processor"
SERVICES = ("sqs", "lambda", "iam", "logs", "sts")
_CREDENTIAL = "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/lambda/aws4_request, SignedHeaders=host, Signature=x"


@functools.cache
def zip_bytes() -> bytes:
    """The zip for MiniStack's Python, built once a run from the processor's lock."""
    return build(package_in("processor"), LOCAL).read_bytes()


def deploy(sqs: MiniStack, settings: Mapping[str, str], timeout_seconds: int = 60) -> None:
    """Create the function and its mapping, as the template says, in a MiniStack with these `SERVICES`."""
    role = "arn:aws:iam::000000000000:role/waybill-processor"
    function = {
        "FunctionName": NAME,
        "Runtime": "python3.11",
        "Role": role,
        "Handler": "waybill_processor.aws_lambda.handler",
        "Timeout": timeout_seconds,
        "MemorySize": 512,
        "Code": {"ZipFile": base64.b64encode(zip_bytes()).decode()},
        "Environment": {"Variables": {name: value for name, value in settings.items() if name.startswith("WAYBILL_")}},
    }
    mapping = {
        "FunctionName": NAME,
        "EventSourceArn": f"arn:aws:sqs:us-east-1:000000000000:{TASKS}",
        "BatchSize": 10,
        "FunctionResponseTypes": ["ReportBatchItemFailures"],
    }
    _send(sqs, "POST", "/2015-03-31/functions", function)
    _send(sqs, "POST", "/2015-03-31/event-source-mappings", mapping)


def register(sqs: MiniStack) -> dict[str, Any]:
    """Ask the function to register, as each deploy does; its answer."""
    asked = {"Records": [], "waybill": "register"}
    return _send(sqs, "POST", f"/2015-03-31/functions/{NAME}/invocations", asked)


def redeploy(sqs: MiniStack, build: bytes) -> None:
    """Put another build in the place of the deployed one."""
    _send(sqs, "PUT", f"/2015-03-31/functions/{NAME}/code", {"ZipFile": base64.b64encode(build).decode()})


def kill_environments(sqs: MiniStack) -> int:
    """Kill the execution environments of the function as a crash would; answers how many there were."""
    killed = 0
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            environment = (entry / "environ").read_bytes().split(b"\0")
            if b"AWS_LAMBDA_FUNCTION_NAME=" + NAME.encode() in environment and _is_child_of(entry, sqs):
                os.kill(int(entry.name), signal.SIGKILL)
                killed += 1
        except (OSError, ValueError):
            continue
    return killed


def _is_child_of(entry: Path, sqs: MiniStack) -> bool:
    assert sqs._process is not None
    return int((entry / "stat").read_text().rpartition(")")[2].split()[1]) == sqs._process.pid


def _send(sqs: MiniStack, method: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
    headers = {"Content-Type": "application/json", "Authorization": _CREDENTIAL}
    data = json.dumps(body).encode()
    return fetch_json(urllib.request.Request(sqs.endpoint + path, data, headers, method=method))
