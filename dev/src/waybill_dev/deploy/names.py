"""Names of the stacks, and where their templates lie."""

from pathlib import Path

from waybill_dev.errors import StackError

QUEUE_STACK = "waybill-queue"
API_STACK = "waybill-api"
PROCESSOR_STACK = "waybill-processor"
WORKER_STACK = "waybill-worker"


def template(checkout: Path, path: str) -> Path:
    """A template of the checkout. Raises StackError if it is not there."""
    if not (checkout / path).is_file():
        raise StackError(f"{path} is missing: deploy from a whole checkout")
    return checkout / path
