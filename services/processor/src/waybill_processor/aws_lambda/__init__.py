"""The AWS Lambda shell over the core: `waybill_processor.aws_lambda.handler`.

The event source mapping receives, deletes and hands back, so this shell imports no AWS SDK.
"""

from typing import Any

from .environment import Environment

_environment = Environment()


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Work one batch of SQS records; answers the partial batch response (`batchItemFailures`).

    A task's failure is never reported there: it is on record, with its next attempt. Named are only records that were
    not begun in time, or whose outcome could not be committed.
    """
    return _environment.invoke(event, context)
