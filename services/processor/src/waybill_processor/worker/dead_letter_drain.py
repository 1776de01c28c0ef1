"""The dead-letter queue of SQS is the last net: what falls into it goes on record in `dead_letters`."""

import asyncio

import structlog
from waybill_contracts import decode
from waybill_runtime.database import DatabaseUnavailable
from waybill_runtime.telemetry import describe

from ..intake import from_dead_letter_queue
from ..queue import SQS_BATCH, MessageQueue, QueueUnavailable
from ..store.dead_letters import DeadLetters

HIDDEN_SECONDS = 60

log = structlog.get_logger()


async def drain_dead_letters(queue: MessageQueue, dead_letters: DeadLetters) -> int:
    """Put everything in the dead-letter queue on record, then delete it there; answers how many."""
    total = 0
    while deliveries := await queue.receive(SQS_BATCH, wait_seconds=0, visibility_seconds=HIDDEN_SECONDS):
        letters = [from_dead_letter_queue(delivery, decode(delivery.body)) for delivery in deliveries]
        await dead_letters.record(letters)
        await queue.delete(deliveries)
        for letter in letters:
            log.warning("message.dead", message_id=letter.message_id, reason=letter.reason, origin=letter.origin)
        total += len(letters)
    return total


async def drain_for_ever(queue: MessageQueue, dead_letters: DeadLetters, pause_seconds: float) -> None:
    """Drain again and again until cancelled; faults are logged and tried again after the pause."""
    while True:
        try:
            await drain_dead_letters(queue, dead_letters)
        except (QueueUnavailable, *DatabaseUnavailable) as error:
            log.debug("worker.drain_failed", error=describe(error))
        except Exception:
            log.exception("worker.drain_failed")  # nobody foresaw it, and nobody else would drain from now on
        await asyncio.sleep(pause_seconds)
