"""What becomes of a delivery that is not worked: pure rules."""

import random

import msgspec
from waybill_contracts import Poison, PoisonReason, TaskRequested

from .delivery import Acknowledge, Delivery, Disposition, Redeliver
from .store.claims import Answer, Asked, Claim
from .store.dead_letters import DeadLetter

FUTURE_SECONDS = 60.0
"""A message of a newer version waits this long for a newer processor."""
UNCOMMITTED_SECONDS = 5.0
"""After an outcome that could not be committed: the next delivery finds the truth."""
CONTRADICTING_SECONDS = 1.0
"""Beside a message that names another kind for the same task: long enough for that one to be settled."""
UNKNOWN_TASK_TRIES = 3
"""A task that is not there may yet be: a replica that lags, a restore under way."""

_POISONOUS = {
    Answer.UNKNOWN: Poison(PoisonReason.UNKNOWN_TASK, "no task has this id"),
    Answer.MISMATCH: Poison(PoisonReason.KIND_MISMATCH, "the task's row has another kind or payload version"),
}


def disposition_of(claim: Claim, delivery: Delivery) -> Disposition | Poison:
    """What becomes of a message whose task was not claimed."""
    match claim.answer:
        case Answer.BUSY:
            return Redeliver((claim.lease_left_seconds or 0.0) + random.uniform(1.0, 3.0))
        case Answer.UNKNOWN if delivery.receive_count < UNKNOWN_TASK_TRIES:
            return Redeliver(10.0 * delivery.receive_count)
        case Answer.UNKNOWN | Answer.MISMATCH:
            return _POISONOUS[claim.answer]
        case _:  # final, not due, held, superseded: another message comes, or none is needed
            return Acknowledge()


def asked_of(message: TaskRequested) -> Asked:
    """The claim that a message asks for."""
    data = message.data
    return Asked(data.task_id, data.kind, data.payload_version, data.dispatch)


def dead_letter(delivery: Delivery, poison: Poison, message: TaskRequested | None) -> DeadLetter:
    """The record of a message nobody can process."""
    return DeadLetter(
        message_id=delivery.message_id,
        reason=poison.reason,
        detail=poison.detail,
        body=delivery.body.encode("utf-8", "surrogatepass"),
        origin="queue",
        task_id=message.data.task_id if message else None,
        receive_count=delivery.receive_count,
        sent_at=delivery.sent_at,
    )


def from_dead_letter_queue(delivery: Delivery, read: TaskRequested | Poison) -> DeadLetter:
    """The record of a message that SQS gave up on: poison keeps its reason, the rest killed or outlived processors."""
    if isinstance(read, Poison):
        letter = dead_letter(delivery, read, None)
    else:
        poison = Poison(PoisonReason.RECEIVE_LIMIT, f"handed out {delivery.receive_count} times without an outcome")
        letter = dead_letter(delivery, poison, read)
    return msgspec.structs.replace(letter, origin="dead_letter_queue")
