"""A line that nobody expects would be seen, whoever wrote it."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.stack.processes import Service, Until
from tests.upgrade.editions import Pair
from tests.upgrade.expectations import unexpected

UNREAD, READ = "payload.note.process.v99", "payload.note.process.v1"


def held(*tasks: str) -> dict[str, Any]:
    return {"event": "task.held", "level": "warning", "tasks": list(tasks)}


@pytest.mark.parametrize(
    ("line", "is_expected"),
    [
        ({"event": "task.completed", "level": "info"}, True),
        ({"event": "relay.compared", "level": "debug"}, True),
        (held("a task of a newer version"), True),
        (held("a task of a newer version", "a task that it reads"), False),
        ({"event": "task.failed", "level": "warning"}, False),
        ({"event": "request.failed", "level": "error"}, False),
        ("RuntimeWarning: coroutine 'claim' was never awaited", False),
    ],
    ids=str,
)
async def test_a_log_holds_nothing_beyond_information_and_what_is_expected(
    tmp_path: Path, until: Until, new: Pair, line: dict[str, Any] | str, is_expected: bool
) -> None:
    text = line if isinstance(line, str) else json.dumps(line)
    service = Service("worker", ("/bin/echo", text), {}, tmp_path / "worker.log", until)
    assert await service.ended(within_seconds=5) == 0
    accepted = {"a task of a newer version": UNREAD, "a task that it reads": READ}
    assert (unexpected([service], {service: new.processor}, accepted) == []) == is_expected


async def test_an_api_holds_nothing(tmp_path: Path, until: Until) -> None:
    service = Service("api", ("/bin/echo", json.dumps(held("a task"))), {}, tmp_path / "api.log", until)
    await service.ended(within_seconds=5)
    assert len(unexpected([service], {}, {"a task": UNREAD})) == 1
