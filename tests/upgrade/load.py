"""Submits of all kinds, in every payload version that an API knows, as documents that its users would write."""

import asyncio
import itertools
import json
import re
from collections import Counter
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.stack.client import Client
from tests.upgrade.editions import Edition

EVERYDAY = re.compile("example|minimal|only-.*")
"""Golden samples with values that a handler can do something with; the others try limits."""
CONTRACT = re.compile(r"payload\.(?P<kind>.+)\.v(?P<version>\d+)")
PAUSE_SECONDS = 0.03
"""Between two submits of the steady load."""


def submissions(api: Edition, receiver_url: str) -> list[tuple[str, dict[str, Any]]]:
    """Bodies for POST /tasks, each with the contract of its payload: everyday samples of all that this API writes."""
    found = []
    for contract in sorted(api.written_payloads):
        named = CONTRACT.fullmatch(contract)
        assert named, contract
        task = {"title": contract, "kind": named["kind"], "payload_version": int(named["version"])}
        for name, sample in api.samples[contract].items():
            if EVERYDAY.fullmatch(name):
                payload = json.loads(sample)
                here = {"url": receiver_url} if "url" in payload else {}
                found.append((contract, {**task, "payload": {**payload, **here}}))
    assert {contract for contract, _ in found} == api.written_payloads
    return found


@dataclass
class Door:
    """An API that takes submits."""

    client: Client
    api: Edition
    submissions: Iterator[tuple[str, dict[str, Any]]]
    accepted: Counter[str] = field(default_factory=Counter)
    """How many, by the contract of their payload."""
    under_way: set[asyncio.Task[None]] = field(default_factory=set)

    def has_accepted_all_versions(self) -> bool:
        """Whether each payload version that this API knows was among them."""
        return self.accepted.keys() == self.api.written_payloads


class Load:
    """Submits to its doors in turn; `accepted` maps the ids of all tasks to their contracts."""

    def __init__(self, group: asyncio.TaskGroup, receiver_url: str) -> None:
        self.accepted: dict[str, str] = {}
        self._group = group
        self._receiver_url = receiver_url
        self._doors: list[Door] = []

    def open(self, client: Client, api: Edition) -> Door:
        """From now on submit here too."""
        door = Door(client, api, itertools.cycle(submissions(api, self._receiver_url)))
        self._doors.append(door)
        return door

    async def close(self, door: Door) -> None:
        """Submit here no more; returns once all that is under way was answered, as a load balancer drains a target."""
        self._doors.remove(door)
        await asyncio.gather(*door.under_way)

    def submit(self, door: Door) -> asyncio.Task[None]:
        """One submit, which must be accepted."""
        task = self._group.create_task(self._submit(door))
        door.under_way.add(task)
        task.add_done_callback(door.under_way.discard)
        return task

    @asynccontextmanager
    async def steady(self) -> AsyncGenerator[None]:
        """Submits go on for the length of the block; after it, none is under way."""
        pace = self._group.create_task(self._keep_pace())
        try:
            yield
        finally:
            pace.cancel()
            under_way = [task for door in self._doors for task in door.under_way]
            await asyncio.gather(pace, *under_way, return_exceptions=True)

    async def _keep_pace(self) -> None:
        for number in itertools.count():
            self.submit(self._doors[number % len(self._doors)])
            await asyncio.sleep(PAUSE_SECONDS)

    async def _submit(self, door: Door) -> None:
        contract, body = next(door.submissions)
        self.accepted[await door.client.submit(**body)] = contract
        door.accepted[contract] += 1


@asynccontextmanager
async def open_load(receiver_url: str) -> AsyncGenerator[Load]:
    """For the length of the block; a submit that is refused ends the block with its error."""
    async with asyncio.TaskGroup() as group:
        yield Load(group, receiver_url)
