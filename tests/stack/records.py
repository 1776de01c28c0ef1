"""What the database says, read as its superuser; and a ledger that shows an effect applied twice."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import asyncpg

# A table without any unique key, written by a trigger for each update that leaves a task completed: unlike the task's
# row, it cannot hide that there were two.
LEDGER = """
CREATE TABLE ledger (task_id uuid NOT NULL);
CREATE FUNCTION note_completion() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
BEGIN
    INSERT INTO ledger VALUES (NEW.id);
    RETURN NULL;
END $$;
CREATE TRIGGER note_completion AFTER UPDATE ON tasks
    FOR EACH ROW WHEN (NEW.status = 'completed') EXECUTE FUNCTION note_completion();
"""


class Records:
    """Reads over a pool, so that a restart of the server is survived."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def keep_ledger(self) -> None:
        """From now on, note each completion."""
        await self.execute(LEDGER)

    async def execute(self, statement: str, *values: Any) -> None:
        """Run a statement."""
        await self._pool.execute(statement, *values)

    async def value(self, statement: str, *values: Any) -> Any:
        """The first value of a query."""
        return await self._pool.fetchval(statement, *values)

    async def rows(self, statement: str, *values: Any) -> list[dict[str, Any]]:
        """The rows of a query."""
        return [dict(row) for row in await self._pool.fetch(statement, *values)]

    async def statuses(self) -> Counter[str]:
        """How many tasks have each status."""
        rows = await self._pool.fetch("SELECT status, count(*) AS number FROM tasks GROUP BY status")
        return Counter({row["status"]: row["number"] for row in rows})

    async def all_completed(self, number: int) -> bool:
        """Whether there are so many tasks and each is completed."""
        return await self.statuses() == {"completed": number}

    async def is_outbox_empty(self) -> bool:
        """Whether everything due was published."""
        return not await self.value("SELECT EXISTS (SELECT FROM outbox)")

    async def task_ids(self) -> set[str]:
        """The ids of all tasks."""
        return {str(row["id"]) for row in await self._pool.fetch("SELECT id FROM tasks")}

    async def outcomes(self, task_id: str) -> list[str]:
        """How each attempt of a task ended, the first one first."""
        rows = await self.rows("SELECT outcome FROM attempts WHERE task_id = $1 ORDER BY fence", task_id)
        return [row["outcome"] for row in rows]

    async def attempts_that(self, outcome: str) -> int:
        """How many attempts ended so."""
        return await self.value("SELECT count(*) FROM attempts WHERE outcome = $1", outcome)

    async def worked_by(self, pid: int) -> int:
        """How many tasks the worker with this process id has completed."""
        return await self.value(
            "SELECT count(*) FROM attempts WHERE outcome = 'succeeded' AND worker LIKE '%:' || $1::text", str(pid)
        )

    async def running_in(self, pid: int, url: str) -> int:
        """How many deliveries to this address the worker with this process id has claimed and not ended."""
        return await self.value(
            "SELECT count(*) FROM tasks"
            " WHERE status = 'processing' AND worker LIKE '%:' || $1::text AND payload ->> 'url' = $2",
            str(pid),
            url,
        )

    async def completions(self) -> Counter[str]:
        """How often each task was completed, by the ledger."""
        rows = await self._pool.fetch("SELECT task_id, count(*) AS times FROM ledger GROUP BY task_id")
        return Counter({str(row["task_id"]): row["times"] for row in rows})

    async def dead_letters(self) -> list[dict[str, Any]]:
        """All dead letters, the oldest first."""
        return await self.rows("SELECT * FROM dead_letters ORDER BY id")

    async def each_completed_once(self, task_ids: Sequence[str]) -> bool:
        """Whether the ledger holds exactly these tasks, once each."""
        return await self.completions() == Counter(task_ids)
