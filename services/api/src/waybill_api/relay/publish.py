"""Publish what is due: one transaction from the outbox row's deletion to SQS's answer."""

from collections.abc import Sequence

import structlog
from waybill_contracts import TASK_REQUESTED_V1, encode, task_requested

from ..queue import MessageQueue
from ..store.outbox import Outbox, OutboxRow

PUBLISH_LIMIT = 200
"""Rows in one pass: twenty requests to SQS, side by side."""
REFUSED_DELAY_SECONDS = 1.0

log = structlog.get_logger()


async def publish_due(outbox: Outbox, queue: MessageQueue) -> int:
    """Send the messages of due rows, and delete those rows, in one transaction; answers how many were taken.

    A crash in between rolls the deletion back: a duplicate message, never a lost one. Raises `QueueUnavailable` when
    SQS took none.
    """
    async with outbox.take(PUBLISH_LIMIT) as taken:
        if not taken.rows:
            return 0
        refused = await queue.send([_message(row) for row in taken.rows])
        if refused:
            await taken.put_back([taken.rows[index] for index in sorted(refused)], REFUSED_DELAY_SECONDS)
        versions = outbox.to_note(TASK_REQUESTED_V1, ((row.kind, row.payload_version) for row in taken.rows))
        if versions:
            await taken.note_versions(TASK_REQUESTED_V1, versions)
    log.info("relay.published", sent=len(taken.rows) - len(refused), refused=len(refused))
    return len(taken.rows)


async def publish_handed(outbox: Outbox, queue: MessageQueue, rows: Sequence[OutboxRow]) -> None:
    """Send the messages of dispatches that this process has just written, then delete their outbox rows.

    A crash in between sends them again once they are due; what SQS refused is due then too. Raises `QueueUnavailable`
    when SQS took none.
    """
    refused = await queue.send([_message(row) for row in rows])
    await outbox.drop_sent([row for index, row in enumerate(rows) if index not in refused], TASK_REQUESTED_V1)
    log.info("relay.published", sent=len(rows) - len(refused), refused=len(refused))


def _message(row: OutboxRow) -> bytes:
    return encode(
        task_requested(row.task_id, row.kind, row.payload_version, row.dispatch, row.written_at, row.traceparent)
    )
