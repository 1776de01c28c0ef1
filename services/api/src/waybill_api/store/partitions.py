"""Partitions of `tasks` and `attempts`, made ahead and dropped whole by functions that the migrations own."""

import msgspec
from asyncpg import Pool

# Both do nothing while another relay is at it, and give up a lock that they do not get in 200 ms.
MAKE = "SELECT name, outcome FROM make_task_partitions($1, $2)"
DROP = "SELECT name, outcome FROM drop_finished_task_partitions($1)"

PARTITION_SECONDS = 30.0
"""A partition of millions of finished tasks may take a while to be found without an unfinished one."""


class Change(msgspec.Struct, frozen=True):
    """What became of a partition: `made`, `replaced`, `dropped`, `deleted n`, or why it was not."""

    partition: str
    outcome: str


class Partitions:
    """What keeps the tables of tasks from growing without end, in the relay's role."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def make(self, days: int, ahead_days: int) -> list[Change]:
        """See that partitions of so many days cover the time ahead; a later, longer one that is empty gives way."""
        rows = await self._pool.fetch(MAKE, days, ahead_days, timeout=PARTITION_SECONDS)
        return [Change(*row.values()) for row in rows]

    async def drop(self, keep_days: int) -> list[Change]:
        """Drop partitions whose every task was accepted longer ago and is finished. One that is not stays whole."""
        rows = await self._pool.fetch(DROP, keep_days, timeout=PARTITION_SECONDS)
        return [Change(*row.values()) for row in rows]
