"""What AWS does behind a queue with a function: long polls, batches of up to ten, deleted when the handler returns.

Each process stands for one of the five pollers with which Lambda begins, with an execution environment of its own.
"""

import json
import os
from datetime import UTC, datetime
from typing import Any

import boto3
import psycopg2

START = "UPDATE tasks SET status = 'processing', started_at = clock_timestamp() WHERE id = %s"
COMPLETE = "UPDATE tasks SET status = 'completed', result = %s, completed_at = clock_timestamp() WHERE id = %s"


def handler(event: dict[str, Any], context: object) -> None:
    """The original's function: for each record a connection of its own, and two commits."""
    for record in event["Records"]:
        message = json.loads(record["body"])
        connection = psycopg2.connect(os.environ["DATABASE_URL"])
        try:
            with connection.cursor() as cursor:
                cursor.execute(START, (message["task_id"],))
                connection.commit()
                cursor.execute(COMPLETE, (worked(message), message["task_id"]))
                connection.commit()
        finally:
            connection.close()


def worked(message: dict[str, str | None]) -> str:
    """The task's work."""
    told = f" with description: {message['description']}" if message["description"] else ""
    return f"Processed task '{message['title']}' at {datetime.now(UTC).isoformat()}{told}"


def main() -> None:
    """Poll for ever."""
    sqs: Any = boto3.client("sqs")
    queue = {"QueueUrl": os.environ["QUEUE_URL"]}
    while True:
        received = sqs.receive_message(**queue, MaxNumberOfMessages=10, WaitTimeSeconds=20).get("Messages", [])
        if received:
            handler({"Records": [{"messageId": one["MessageId"], "body": one["Body"]} for one in received]}, None)
            entries = [
                {"Id": str(number), "ReceiptHandle": one["ReceiptHandle"]} for number, one in enumerate(received)
            ]
            sqs.delete_message_batch(**queue, Entries=entries)


if __name__ == "__main__":
    main()
