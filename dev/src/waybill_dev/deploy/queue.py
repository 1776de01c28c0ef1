"""The queue and its dead-letter queue."""

from collections.abc import Mapping
from pathlib import Path

from waybill_dev.deploy.aws import Aws, refusals
from waybill_dev.deploy.names import QUEUE_STACK, template
from waybill_dev.deploy.stack import Deployed, Say, Stack


def deploy_queue(aws: Aws, checkout: Path, given: Mapping[str, str], say: Say) -> Deployed:
    """Bring the stack of the queue to its template and look at the queue. Raises StackError."""
    deployed = Stack(aws, QUEUE_STACK, say).deploy(template(checkout, "deploy/queue.yaml"), given)
    with refusals():
        found = aws.client("sqs").get_queue_attributes(QueueUrl=deployed.outputs["QueueUrl"], AttributeNames=["All"])
    told = found["Attributes"]
    say(
        f"{deployed.outputs['QueueUrl']} answers: visibility {told['VisibilityTimeout']} s, "
        f"{told['ApproximateNumberOfMessages']} messages waiting"
    )
    return deployed
