"""Dead letters: the record of messages that nobody could process."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal
from uuid import UUID

from asyncpg import Pool
from msgspec import Struct

RECORD = """
INSERT INTO dead_letters (message_id, reason, detail, body, origin, task_id, receive_count, sent_at)
SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::bytea[], $5::text[], $6::uuid[], $7::int[],
                     $8::timestamptz[])
ON CONFLICT (message_id) DO NOTHING
"""


class DeadLetter(Struct, frozen=True, kw_only=True):
    """One message, with the reason out of the closed list and the bytes as they were received."""

    message_id: str
    reason: str
    detail: str
    body: bytes
    origin: Literal["queue", "dead_letter_queue"]
    task_id: UUID | None
    receive_count: int
    sent_at: datetime | None


class DeadLetters:
    """Records dead letters, in the processor's role."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def record(self, letters: Sequence[DeadLetter]) -> None:
        """Put messages on record, once each, however often they are delivered."""
        await self._pool.execute(
            RECORD,
            [letter.message_id for letter in letters],
            [letter.reason for letter in letters],
            [letter.detail for letter in letters],
            [letter.body for letter in letters],
            [letter.origin for letter in letters],
            [letter.task_id for letter in letters],
            [letter.receive_count for letter in letters],
            [letter.sent_at for letter in letters],
        )
