"""The AWS Lambda shell over the core: `waybill_processor.aws_lambda.handler`.

The event source mapping receives, deletes and hands back, so this shell imports no AWS SDK.
"""

import os
from typing import Any

from .environment import Environment

_environment = Environment()


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Work one batch of SQS records; answers the partial batch response (`batchItemFailures`).

    A task's failure is never reported there: it is on record, with its next attempt. Named are only records that were
    not begun in time, or whose outcome could not be committed.
    """
    return _environment.invoke(event, context)


# Before the first invocation the runtime has a whole CPU, whatever share of one the memory buys later. A snapshot would
# keep connections that are long dead when it is restored.
if os.environ.get("AWS_LAMBDA_FUNCTION_NAME") and os.environ.get("AWS_LAMBDA_INITIALIZATION_TYPE") != "snap-start":
    _environment.prepare()
