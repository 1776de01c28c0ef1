"""The way of a task, from the lines that a user types to its result."""

import asyncio
import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.stack.processes import Until
from tests.stack.stack import Stack

SUBMIT = (
    'curl -X POST http://localhost:8000/tasks -H "Content-Type: application/json" '
    """-d '{"title":"Complete Flow Test","description":"Testing end-to-end process"}'"""
)
FIND = "curl http://localhost:8000/tasks/<id>"
ISO_TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)"


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
@pytest.mark.both_shells
async def test_the_curl_lines_show_a_task_accepted_and_completed_within_a_second(
    stack: Stack, until: Until, tmp_path: Path
) -> None:
    await stack.start()
    if stack.shell == "lambda":  # idle, not cold: its first invocation loads the code
        first = await stack.api.submit("first")
        await until(lambda: stack.records.each_completed_once([first]), within_seconds=15)

    async def typed(line: str) -> tuple[int, Any]:
        # curl takes these options from its configuration, so that the lines stay as a user types them.
        (tmp_path / ".curlrc").write_text('silent\nwrite-out = "\\n%{http_code}"\n')
        here = line.replace("http://localhost:8000", stack.api.url.replace("127.0.0.1", "localhost"))
        shell = await asyncio.create_subprocess_exec(
            "sh", "-c", here, stdout=asyncio.subprocess.PIPE, env={"HOME": str(tmp_path), "PATH": "/usr/bin:/bin"}
        )
        body, _, status = (await shell.communicate())[0].decode().rpartition("\n")
        return int(status), json.loads(body)

    status, accepted = await typed(SUBMIT)
    assert (status, accepted["status"]) == (202, "pending")

    async def completed() -> Any:
        status, task = await typed(FIND.replace("<id>", accepted["id"]))
        return status == 200 and task["status"] == "completed" and task

    task = await until(completed, within_seconds=1)
    assert re.fullmatch(
        rf"Processed task 'Complete Flow Test' at {ISO_TIME} with description: Testing end-to-end process",
        task["result"]["message"],
    )


@pytest.mark.both_shells
async def test_a_task_without_a_description_gets_a_result_without_that_suffix(stack: Stack, until: Until) -> None:
    await stack.start()
    task_id = await stack.api.submit("Just a title")

    async def completed() -> bool:
        return await stack.api.status(task_id) == "completed"

    await until(completed)
    task = await stack.api.task(task_id)
    assert re.fullmatch(rf"Processed task 'Just a title' at {ISO_TIME}", task["result"]["message"])
    assert (task["attempt"], task["error"]) == (1, None)


@pytest.mark.both_shells
async def test_five_hundred_tasks_accepted_at_once_are_each_completed_once(stack: Stack, until: Until) -> None:
    stack.configure(reconcile_grace_seconds=1)
    await stack.start(workers=2)
    task_ids = await asyncio.gather(*(stack.api.submit(f"task {number}") for number in range(500)))
    await until(lambda: stack.records.all_completed(500), within_seconds=20)
    assert await stack.records.each_completed_once(task_ids)
    assert await stack.records.value("SELECT sum(reconcile_count) FROM tasks") == 0
    await until(stack.is_queue_empty)
