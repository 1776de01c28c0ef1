"""The two queues of Waybill, as the deploy templates define them."""

import json

from waybill_dev.ministack.sqs import ACCOUNT_ID, REGION, call

TASKS = "waybill-tasks"
DEAD = "waybill-tasks-dead"
MAX_RECEIVE_COUNT = 10
_DAY_SECONDS = 86_400


def create_queues(endpoint: str, *, visibility_seconds: int = 60, max_receive_count: int = MAX_RECEIVE_COUNT) -> None:
    """Create the task queue and its dead-letter queue; queues that exist already stay. Raises StackError."""
    _create(endpoint, DEAD, {"MessageRetentionPeriod": str(14 * _DAY_SECONDS)})
    redrive = {"deadLetterTargetArn": f"arn:aws:sqs:{REGION}:{ACCOUNT_ID}:{DEAD}", "maxReceiveCount": max_receive_count}
    attributes = {
        "VisibilityTimeout": str(visibility_seconds),
        "MessageRetentionPeriod": str(4 * _DAY_SECONDS),
        "RedrivePolicy": json.dumps(redrive),
    }
    _create(endpoint, TASKS, attributes)


def delete_queues(endpoint: str) -> None:
    """Delete both queues with all that is in them, as an accident would. Raises StackError if one is missing."""
    for name in (TASKS, DEAD):
        call(endpoint, "DeleteQueue", {"QueueUrl": queue_url(endpoint, name)})


def queue_url(endpoint: str, name: str = TASKS) -> str:
    """Address of a queue, as SQS itself would give it."""
    return f"{endpoint}/{ACCOUNT_ID}/{name}"


def _create(endpoint: str, name: str, attributes: dict[str, str]) -> None:
    call(endpoint, "CreateQueue", {"QueueName": name, "Attributes": attributes})
