"""CPU without a clock: calls and bytecode instructions of the interpreter for each task, and memory that stays.

Work inside C and Cython (asyncpg, msgspec, uvloop) is not seen. What is seen is the same from run to run to the last
call, as long as all of a statement's answer is read in one piece. Air is about 20 %.
"""

import asyncio
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.budget.bounds import assert_none, overrun

ROOT = Path(__file__).parents[2]
KEPT = 0.1
"""Blocks of memory (a small object each) that stay for each task: a list that grows by one object a task keeps 1."""


@dataclass(frozen=True)
class Bounds:
    """For each task. Bytecode differs from version to version, so instructions are bounded where they were counted.

    Calls are those of 3.11; later versions make fewer, since comprehensions are no functions there."""

    calls: float
    instructions: dict[tuple[int, int], float]
    look_at: str


BOUNDS = {
    "accept": Bounds(290, {(3, 11): 3100}, "waybill_api: edge, routes, accept; 32 requests at once, HTTP apart"),
    "publish": Bounds(16, {(3, 11): 200}, "waybill_api/relay/publish.py and queue.py; passes of 200, SQS apart"),
    "work": Bounds(243, {(3, 11): 2600}, "waybill_processor/core.py and attempts.py; batches of ten, SQS apart"),
}


@pytest.mark.parametrize("part", list(BOUNDS))
async def test_a_task_takes_so_much_of_the_interpreter_and_keeps_no_memory(
    part: str, database: Any, servers: dict[str, str]
):
    bounds = BOUNDS[part]
    command = ["-m", "tests.budget.measured", part, database.name, servers["WAYBILL_TEST_DATABASE_URL"]]
    measuring = await asyncio.create_subprocess_exec(
        sys.executable, *command, cwd=ROOT, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    told, said = await measuring.communicate()
    assert measuring.returncode == 0, said.decode()[-3000:]
    found = json.loads(told)
    print(part, found)
    instructions = bounds.instructions.get(sys.version_info[:2], float("inf"))
    assert_none(
        overrun(f"calls to {part} a task", found["calls"], bounds.calls, f"{bounds.look_at}: {found['most_calls']}"),
        overrun(
            f"instructions to {part} a task",
            found["instructions"],
            instructions,
            f"{bounds.look_at}: {found['most_instructions']}",
        ),
        overrun(f"blocks of memory kept for each task to {part}", found["blocks_kept"], KEPT, bounds.look_at),
    )
