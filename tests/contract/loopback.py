"""A queue that is a list: takes what the relay sends, and hands it out as SQS does, to either shell."""

from collections.abc import Sequence
from typing import Any

# As SQS gives them: text. Neither is what a shell would take if it looked in the wrong place.
ATTRIBUTES = {"ApproximateReceiveCount": "2", "SentTimestamp": "1764000000000"}


class LoopbackSqs:
    """As much of an SQS client as both services use, and the event that the mapping makes of the same messages."""

    def __init__(self) -> None:
        self.bodies: list[str] = []
        self._taken = 0

    async def send_message_batch(self, *, QueueUrl: str, Entries: Sequence[dict[str, str]]) -> dict[str, Any]:
        """Take every message."""
        self.bodies += [entry["MessageBody"] for entry in Entries]
        return {"Successful": [{"Id": entry["Id"]} for entry in Entries]}

    async def receive_message(self, *, MaxNumberOfMessages: int, **_options: Any) -> dict[str, Any]:
        """The next messages, as a worker gets them."""
        first = self._taken
        return {
            "Messages": [
                {
                    "MessageId": f"message-{position}",
                    "ReceiptHandle": f"receipt-{position}",
                    "Body": body,
                    "Attributes": ATTRIBUTES,
                }
                for position, body in enumerate(self._take(MaxNumberOfMessages), start=first)
            ]
        }

    def event(self) -> dict[str, Any]:
        """All messages that wait, as a Lambda function gets them; they stay."""
        return {
            "Records": [
                {
                    "messageId": f"message-{position}",
                    "receiptHandle": f"receipt-{position}",
                    "body": body,
                    "attributes": ATTRIBUTES,
                    "messageAttributes": {},
                    "eventSource": "aws:sqs",
                }
                for position, body in enumerate(self.bodies, start=self._taken)
            ]
        }

    def _take(self, count: int) -> list[str]:
        taken, self.bodies = self.bodies[:count], self.bodies[count:]
        self._taken += len(taken)
        return taken
