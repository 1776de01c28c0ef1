"""Instances register in the background and sign off; nothing of it is in the way of a service."""

import asyncio
import json
import time

import asyncpg
import msgspec
import pytest
from waybill_runtime import instances
from waybill_runtime.database import DatabaseUnavailable
from waybill_runtime.instances import Instance, register, registered, this_process

pytestmark = pytest.mark.store
ROLES = ["waybill_api", "waybill_relay", "waybill_processor"]


class Build(msgspec.Struct):
    service: str = "processor"
    version: str = "1.2.3"


def named(name, **fields):
    return Instance(name=name, manifest=Build(), **fields)


@pytest.fixture
async def rows(database):
    owner = await database.connect("waybill_owner")

    async def read():
        return {row["instance"]: row for row in await owner.fetch("SELECT * FROM service_instances")}

    read.execute = owner.execute
    return read


@pytest.mark.parametrize("role", ROLES)
async def test_a_process_is_known_while_it_runs_and_signs_off_at_its_end(database, rows, until, role):
    process = this_process("worker", Build())
    async with registered(database.url(role), process):
        row = (await until(rows))[process.name]
        assert (row["service"], row["version"], row["expires"], row["stopped_at"]) == ("processor", "1.2.3", True, None)
        assert json.loads(row["manifest"]) == {"service": "processor", "version": "1.2.3"}
    assert (await rows())[process.name]["stopped_at"] is not None


async def test_each_sign_of_life_keeps_the_start_and_renews_the_last_look(database, rows, until, monkeypatch):
    monkeypatch.setattr(instances, "EVERY_SECONDS", 0.02)
    async with registered(database.url("waybill_api"), named("i")):
        first = (await until(rows))["i"]

        async def seen_again():
            return (await rows())["i"]["last_seen_at"] > first["last_seen_at"]

        await until(seen_again)
        assert (await rows())["i"]["started_at"] == first["started_at"]


async def test_who_starts_again_under_its_old_name_is_a_new_start(database, rows):
    url = database.url("waybill_api")
    await register(url, named("i"))
    first = (await rows())["i"]
    await rows.execute("UPDATE service_instances SET stopped_at = now()")
    await register(url, named("i"))
    again = (await rows())["i"]
    assert again["started_at"] > first["started_at"]
    assert again["stopped_at"] is None


async def test_only_what_ended_longer_ago_than_a_message_may_live_is_cleared_away(database, rows):
    url = database.url("waybill_processor")
    for name, expires in {"long gone": True, "gone lately": True, "function f": False, "function g": False}.items():
        await register(url, named(name, expires=expires))
    await rows.execute("UPDATE service_instances SET last_seen_at = now() - interval '16 days'")
    await rows.execute(
        "UPDATE service_instances SET last_seen_at = now() - interval '14 days' WHERE instance ~ 'lately'"
    )
    await rows.execute("UPDATE service_instances SET stopped_at = now() WHERE instance = 'function g'")
    await register(url, named("new"))
    assert set(await rows()) == {"gone lately", "function f", "new"}


async def test_many_at_once_clear_the_same_rows_away_and_none_fails(database, rows):
    url = database.url("waybill_api")
    for number in range(20):
        await register(url, named(f"old {number}"))
    await rows.execute("UPDATE service_instances SET last_seen_at = now() - interval '16 days'")
    await asyncio.gather(*(register(url, named(f"new {number}")) for number in range(20)))
    assert set(await rows()) == {f"new {number}" for number in range(20)}


@pytest.mark.parametrize("away", ["no server", "no table"])
async def test_a_database_that_is_away_or_older_costs_the_service_no_time(empty_database, away):
    url = empty_database.url("waybill_owner") if away == "no table" else "postgresql://nobody@127.0.0.1:1/none"
    began = time.monotonic()
    async with registered(url, named("i")):
        pass
    assert time.monotonic() - began < 1
    with pytest.raises(DatabaseUnavailable):
        await register(url, named("i"))


async def test_it_is_registered_once_the_table_is_there(database, until, monkeypatch):
    """The services of a release may start before its migrations have run."""
    monkeypatch.setattr(instances, "RETRY_SECONDS", 0.02)
    owner = await database.connect("waybill_owner")
    await owner.execute("ALTER TABLE service_instances RENAME TO not_yet")
    async with registered(database.url("waybill_api"), named("i")):
        await asyncio.sleep(0)
        await owner.execute("ALTER TABLE not_yet RENAME TO service_instances")

        async def is_there():
            return await owner.fetchval("SELECT count(*) FROM service_instances") == 1

        await until(is_there)


async def test_an_end_does_not_wait_for_a_database_that_has_fallen_silent(database, rows, until, monkeypatch):
    """It gives up its own last word, and says no polite goodbye on top."""

    async def hang(_connection, **_how):
        await asyncio.Event().wait()

    monkeypatch.setattr(instances, "SIGN_OFF_SECONDS", 0.05)
    process = named("i")
    owner = await database.connect("waybill_owner")
    async with owner.transaction():
        async with registered(database.url("waybill_api"), process):
            await until(rows)
            monkeypatch.setattr(asyncpg.Connection, "close", hang)
            await owner.execute("LOCK TABLE service_instances IN ACCESS EXCLUSIVE MODE")
        monkeypatch.undo()
    assert (await rows())["i"]["stopped_at"] is None
