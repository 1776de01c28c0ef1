"""What happens to the resources of a stack, as CloudFormation tells it."""

from typing import Any


class Events:
    """Events of a stack from now on."""

    def __init__(self, client: Any, stack_id: str) -> None:
        self._client = client
        self._stack_id = stack_id
        self.first_failure: str | None = None
        self._seen = {event["EventId"] for event in self._latest()}

    def new(self) -> list[str]:
        """Lines on what has happened since the last look, oldest first. The first failure is kept: it is the cause."""
        happened = [event for event in reversed(self._latest()) if event["EventId"] not in self._seen]
        self._seen.update(event["EventId"] for event in happened)
        for event in happened:
            if event["ResourceStatus"].endswith("FAILED") and self.first_failure is None:
                reason = event.get("ResourceStatusReason", "no reason given")
                self.first_failure = f"{event['LogicalResourceId']}: {' '.join(reason.split())}"
        return [_line(event) for event in happened if not event["ResourceStatus"].endswith("IN_PROGRESS")]

    def _latest(self) -> list[dict[str, Any]]:
        return self._client.describe_stack_events(StackName=self._stack_id)["StackEvents"]


def _line(event: dict[str, Any]) -> str:
    status = event["ResourceStatus"].lower().replace("_", " ")
    return f"  {event['LogicalResourceId']:<24} {status}"
