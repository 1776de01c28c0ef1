"""A queue that is a list: takes what the relay sends, and hands it out as SQS does, to either shell."""

import json
from typing import Any

# As SQS gives them: text. Neither is what a shell would take if it looked in the wrong place.
ATTRIBUTES = {"ApproximateReceiveCount": "2", "SentTimestamp": "1764000000000"}


class LoopbackSqs:
    """As much of an SQS client as both services use, and the event that the mapping makes of the same messages."""

    def __init__(self) -> None:
        self.bodies: list[str] = []
        self._taken = 0

    async def ask(self, action: str, arguments: bytes) -> bytes:
        """Take every message that is sent, or hand out the next ones as a worker gets them."""
        asked = json.loads(arguments)
        if action == "SendMessageBatch":
            self.bodies += [entry["MessageBody"] for entry in asked["Entries"]]
            return json.dumps({"Successful": [{"Id": entry["Id"]} for entry in asked["Entries"]]}).encode()
        assert action == "ReceiveMessage"
        first = self._taken
        messages = [
            {
                "MessageId": f"message-{position}",
                "ReceiptHandle": f"receipt-{position}",
                "Body": body,
                "Attributes": ATTRIBUTES,
            }
            for position, body in enumerate(self._take(asked["MaxNumberOfMessages"]), start=first)
        ]
        return json.dumps({"Messages": messages}).encode()

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
