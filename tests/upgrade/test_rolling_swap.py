"""Release N comes, and is rolled back, while tasks keep coming."""

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.stack.processes import Service, Until
from tests.stack.receiver import Receiver
from tests.stack.stack import COMMANDS, Stack, open_stack
from tests.upgrade.editions import Edition, Pair
from tests.upgrade.expectations import each_task_went_well, unexpected
from tests.upgrade.load import Door, Load, open_load

ENOUGH = 20
"""So many tasks accepted or completed show that a process takes part."""

HELD_FOR_LONG = "UPDATE tasks SET held_at = held_at - interval '1 hour' WHERE held_at IS NOT NULL"
"""As if the processor was deployed an hour after the API: what an older processor holds anew waits long by itself."""
ON_ITS_WAY = """SELECT EXISTS (SELECT FROM tasks t WHERE held_at IS NOT NULL AND status = 'pending'
    AND NOT EXISTS (SELECT FROM outbox o WHERE o.task_id = t.id AND o.available_at > now()))"""


async def migrate(database_url: str, revision: str) -> None:
    """Run `waybill-migrate` as a deploy does."""
    environment = {**os.environ, "WAYBILL_MIGRATIONS_DATABASE_URL": database_url}
    command = (str(COMMANDS / "waybill-migrate"), revision)
    process = await asyncio.create_subprocess_exec(
        *command, env=environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    said = (await process.communicate())[0].decode()
    assert process.returncode == 0, said


@pytest.fixture
async def stack_before(empty_database: Any, tmp_path: Path, until: Until, old: Pair) -> AsyncIterator[Stack]:
    """A stack whose database is no newer than N-1 asks for."""
    revision = max(old.api.manifest.needs_revision, old.processor.manifest.needs_revision)
    await migrate(empty_database.url("waybill_owner"), revision)
    async with open_stack(tmp_path, empty_database.url, until) as stack:
        await stack.records.keep_ledger()
        stack.configure(webhook_secret="signed in the test")
        yield stack


class Roll:
    """Starts and ends services of both editions under a load; `processors` remembers which worker was which."""

    def __init__(self, stack: Stack, load: Load, until: Until) -> None:
        self._stack = stack
        self._load = load
        self._until = until
        self.processors: dict[Service, Edition] = {}

    async def api(self, edition: Edition) -> tuple[Service, Door]:
        """An API, and the door by which it gets its share of the load."""
        service = await self._stack.start_api(edition.commands)
        return service, self._load.open(self._stack.api, edition)

    async def worker(self, edition: Edition) -> Service:
        """A worker."""
        service = await self._stack.start_worker(edition.commands)
        self.processors[service] = edition
        return service

    async def end(self, service: Service, door: Door | None = None) -> None:
        """As a deploy ends it: an API is taken out of the load first."""
        if door is not None:
            await self._load.close(door)
        await service.stop()

    async def completes(self, worker: Service) -> None:
        """Wait until the worker has completed some tasks more."""
        wanted = await self._stack.records.worked_by(worker.pid) + ENOUGH

        async def has_completed() -> bool:
            return await self._stack.records.worked_by(worker.pid) >= wanted

        await self._until(has_completed, within_seconds=15)

    async def accepts(self, door: Door) -> None:
        """Wait until the API has accepted tasks of each payload version that it knows."""
        wanted = door.accepted.total() + ENOUGH
        await self._until(
            lambda: door.has_accepted_all_versions() and door.accepted.total() >= wanted, within_seconds=15
        )

    async def holds(self, number: int) -> None:
        """Wait until so many tasks wait for a processor that reads them, or more."""

        async def are_held() -> bool:
            held = "SELECT count(*) FROM tasks WHERE held_at IS NOT NULL AND status = 'pending' AND attempt = 0"
            return await self._stack.records.value(held) >= number

        await self._until(are_held, within_seconds=15)

    async def hands_out_what_was_held(self) -> None:
        """Wait until all that was made to go has come to a worker: to a newer one, or to an older that held it anew."""

        async def is_none_on_its_way() -> bool:
            return not await self._stack.records.value(ON_ITS_WAY)

        await self._until(is_none_on_its_way, within_seconds=15)


async def test_a_release_and_its_rollback_under_load_lose_no_task_and_log_nothing_unexpected(
    stack_before: Stack, receiver: Receiver, until: Until, old: Pair, new: Pair
) -> None:
    only_new = new.api.written_payloads - old.processor.read_payloads
    async with open_load(receiver.url + "/hook") as load:
        roll = Roll(stack_before, load, until)
        old_api, old_door = await roll.api(old.api)
        old_worker = await roll.worker(old.processor)
        async with load.steady():
            await roll.completes(old_worker)
            await migrate(stack_before.database_url("waybill_owner"), "head")
            await roll.completes(old_worker)

            new_worker = await roll.worker(new.processor)
            await roll.completes(new_worker)
            await roll.end(old_worker)
            new_api, new_door = await roll.api(new.api)
            await roll.accepts(new_door)
            await roll.end(old_api, old_door)
            await roll.completes(new_worker)

            old_worker = await roll.worker(old.processor)
            await roll.holds(len(only_new))
            await roll.end(new_worker)
            old_api, old_door = await roll.api(old.api)
            await roll.accepts(old_door)
            await roll.end(new_api, new_door)
            await roll.completes(old_worker)
        if only_new:
            await stack_before.records.execute(HELD_FOR_LONG)
            new_worker = await roll.worker(new.processor)
            await new_worker.until_logged("processor.unheld")
            await roll.hands_out_what_was_held()
            await roll.end(old_worker)
    await each_task_went_well(stack_before, load.accepted, until)
    assert unexpected(stack_before.services, roll.processors, load.accepted) == []
