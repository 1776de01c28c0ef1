"""A worker of PgQueuer with its one entrypoint.

Its run loop is called from here: `pgq run` of 1.6.0 trips over an option of its own.
"""

import os
from datetime import UTC, datetime
from uuid import UUID

import asyncpg
import uvloop
from pgqueuer import PgQueuer
from pgqueuer.db import AsyncpgDriver
from pgqueuer.models import Job

START = """UPDATE tasks SET status = 'processing', started_at = clock_timestamp() WHERE id = $1
RETURNING title, description"""
COMPLETE = "UPDATE tasks SET status = 'completed', result = $1, completed_at = clock_timestamp() WHERE id = $2"


def worked(title: str, description: str | None) -> str:
    """The task's work."""
    told = f" with description: {description}" if description else ""
    return f"Processed task '{title}' at {datetime.now(UTC).isoformat()}{told}"


async def main() -> None:
    """Work jobs until the process is ended."""
    url = os.environ["DATABASE_URL"]
    queue = PgQueuer(AsyncpgDriver(await asyncpg.connect(url)))
    async with asyncpg.create_pool(url, min_size=2, max_size=10) as pool:

        @queue.entrypoint("process_task")
        async def process_task(job: Job) -> None:
            assert job.payload is not None
            task_id = UUID(bytes=job.payload)
            async with pool.acquire() as connection:
                found = await connection.fetchrow(START, task_id)
                if found is not None:
                    await connection.execute(COMPLETE, worked(*found), task_id)

        await queue.run(batch_size=50, max_concurrent_tasks=100)


if __name__ == "__main__":
    uvloop.run(main())
