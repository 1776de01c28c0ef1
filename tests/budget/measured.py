"""Counts what a part of a service does for a task, in a process of its own: uvloop and logging as in production.

    python -m tests.budget.measured accept|publish|work NAME_OF_DATABASE SERVER_ADDRESS

Prints a JSON object.
"""

import json
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import uvloop
from waybill_runtime.telemetry import configure_logging

from tests.budget import parts
from tests.budget.interpreter import Work, blocks_in_use

TASKS = {"accept": 320, "publish": 1000, "work": 320}
"""Counted, a whole number of batches of each."""
KEPT_AFTER = {"accept": 3200, "publish": 10_000, "work": 3200}
"""Tasks between two looks at the memory that is in use."""


@asynccontextmanager
async def opened(part: str, database: str, server: str) -> AsyncGenerator[parts.Unit]:
    """The part, with enough tasks for it to work."""
    address = urlsplit(server)

    def url(role: str) -> str:
        user = role if role == address.username else f"{role}:{role}"
        return f"postgresql://{user}@{address.hostname}:{address.port}/{database}"

    owner: Any = await asyncpg.connect(url(address.username or ""))
    needed = 4 * TASKS[part] + 2 * KEPT_AFTER[part]
    waiting = [str(row["id"]) for row in await owner.fetch(parts.NEW_TASKS, needed, part == "publish")]
    await owner.close()
    made = {
        "accept": lambda: parts.accepting(url),
        "publish": lambda: parts.publishing(url),
        "work": lambda: parts.working(url, waiting),
    }
    async with made[part]() as unit:
        yield unit


async def measure(part: str, database: str, server: str) -> dict[str, Any]:
    """Counts for each task; memory in blocks."""
    number = TASKS[part]
    calls, instructions = Work(), Work()
    async with opened(part, database, server) as unit:
        await unit(number)  # prepares statements, fills caches
        with calls.counting_calls():
            await unit(number)
        with instructions.counting_instructions():
            await unit(number)
        await unit(KEPT_AFTER[part])
        before = blocks_in_use()
        await unit(KEPT_AFTER[part])
        kept = blocks_in_use() - before
    return {
        "calls": calls.calls / number,
        "most_calls": calls.most(),
        "instructions": instructions.instructions / number,
        "most_instructions": instructions.most(),
        "blocks_kept": kept / KEPT_AFTER[part],
    }


if __name__ == "__main__":
    configure_logging("measured", "json", "info")
    print(json.dumps(uvloop.run(measure(*sys.argv[1:]))))
