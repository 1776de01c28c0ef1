"""The processor as a Lambda function: zip, stack, mapping."""

import base64
import hashlib
import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from waybill_dev.deploy.artefact import LOCAL_BUCKET, build_zip, upload
from waybill_dev.deploy.aws import Aws, refusals
from waybill_dev.deploy.names import PROCESSOR_STACK, QUEUE_STACK, template
from waybill_dev.deploy.stack import Deployed, Say, Stack
from waybill_dev.errors import StackError

_ENABLED_SECONDS = 120.0
_POLL_SECONDS = 1.0
_REGISTER = b'{"Records": [], "waybill": "register"}'


def deploy_function(aws: Aws, checkout: Path, given: Mapping[str, str], say: Say) -> Deployed:
    """Build the zip, bring the stack to it, try it. Raises StackError."""
    stack = Stack(aws, PROCESSOR_STACK, say)
    known = {**_queue(aws, say), **({"CodeBucket": LOCAL_BUCKET} if aws.is_local else {}), **given}
    bucket = known.get("CodeBucket") or stack.parameters().get("CodeBucket")
    if bucket is None:
        raise StackError("the zip needs a bucket in S3: add --set CodeBucket=... the first time")
    architecture = known.get("Architecture") or stack.parameters().get("Architecture", "x86_64")
    zipped = build_zip(checkout, None if aws.is_local else architecture)
    key = upload(aws, bucket, zipped)
    say(f"{zipped.relative_to(checkout)}: {zipped.stat().st_size / 1e6:.1f} MB in s3://{bucket}/{key}")
    deployed = stack.deploy(template(checkout, "services/processor/deploy/lambda.yaml"), {**known, "CodeKey": key})
    _try(aws, deployed.outputs, zipped, say)
    return deployed


def _queue(aws: Aws, say: Say) -> dict[str, str]:
    found = Stack(aws, QUEUE_STACK, say).outputs()
    return {"QueueArn": found["QueueArn"]} if found else {}


def _try(aws: Aws, outputs: Mapping[str, str], zipped: Path, say: Say) -> None:
    """An empty batch loads the code and reads the settings. The function registers, and makes held tasks go."""
    client, name = aws.client("lambda"), outputs["FunctionName"]
    digest = base64.b64encode(hashlib.sha256(zipped.read_bytes()).digest()).decode()
    with refusals():
        if client.get_function_configuration(FunctionName=name)["CodeSha256"] != digest:
            raise StackError(f"{name} runs another zip than the one built: was it deployed by somebody else just now?")
        began = time.monotonic()
        answer = client.invoke(FunctionName=name, Payload=_REGISTER)
        said = answer["Payload"].read().decode(errors="replace")
        told = {} if "FunctionError" in answer else _object(said)
        if told.get("batchItemFailures") != []:
            raise StackError(f"{name} fails an empty batch: {_reason(said)}; its log is in {outputs['LogGroupName']}")
        say(f"{name} answered an empty batch in {time.monotonic() - began:.1f} s")
        if "registered" not in told:
            why = told.get("failed", "it does not know how to")
            raise StackError(f"{name} is deployed, but could not register itself for can-i-deploy: {why}")
        say(f"registered as {told['registered']}, version {told.get('version')}")
        _await_enabled(client, outputs["MappingId"])
    say("the mapping is enabled")


def _await_enabled(client: Any, mapping_id: str) -> None:
    deadline = time.monotonic() + _ENABLED_SECONDS
    while (state := client.get_event_source_mapping(UUID=mapping_id)["State"]) != "Enabled":
        if time.monotonic() > deadline:
            raise StackError(f"the event source mapping {mapping_id} is {state}, not Enabled: look at it in AWS")
        time.sleep(_POLL_SECONDS)


def _object(said: str) -> dict[str, Any]:
    try:
        told: Any = json.loads(said)
    except ValueError:
        return {}
    return cast("dict[str, Any]", told) if isinstance(told, dict) else {}


def _reason(said: str) -> str:
    try:
        return str(json.loads(said)["errorMessage"])
    except (ValueError, KeyError, TypeError):
        return said[:200]
