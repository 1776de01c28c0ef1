"""Pools of PostgreSQL: they start while the server is away, bound their waits, and add no round trips."""

import asyncio
import socket
from urllib.parse import urlsplit

import asyncpg
import pytest
from waybill_runtime import database as database_module
from waybill_runtime.database import DatabaseUnavailable, RowRefused, open_pool


@pytest.fixture
def free_port():
    """A port of loopback at which nobody listens."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        return bound.getsockname()[1]


@pytest.fixture
async def listen():
    """Starts servers on loopback: `await listen(answer, port=0)`; all are closed when the test is over."""
    servers = []

    async def start(answer, port=0):
        servers.append(await asyncio.start_server(answer, "127.0.0.1", port))
        return servers[-1].sockets[0].getsockname()[1]

    yield start
    for server in servers:
        server.close()


def proxy_to(url, sent):
    """What to do with a connection: pass it on to the server of a URL, and note what the client sends."""
    server = urlsplit(url)

    async def pump(reader, writer, seen):
        while chunk := await reader.read(65536):
            seen.append(chunk)
            writer.write(chunk)
        writer.close()

    async def answer(reader, writer):
        inner, outer = await asyncio.open_connection(server.hostname, server.port)
        await asyncio.gather(pump(reader, outer, sent), pump(inner, writer, []), return_exceptions=True)

    return answer


def moved(url, port):
    return url.replace(f":{urlsplit(url).port}/", f":{port}/")


async def test_a_pool_opens_while_the_database_is_away_and_says_unavailable_when_asked(free_port):
    async with open_pool(f"postgresql://nobody@127.0.0.1:{free_port}/none", 2, "test") as pool:
        with pytest.raises(DatabaseUnavailable):
            await pool.fetchval("SELECT 1")


@pytest.mark.store
async def test_a_pool_that_opened_too_early_works_once_the_database_is_there(database, free_port, listen):
    url = database.url("waybill_api")
    async with open_pool(moved(url, free_port), 2, "test") as pool:
        with pytest.raises(DatabaseUnavailable):
            await pool.fetchval("SELECT 1")
        await listen(proxy_to(url, []), free_port)
        assert await pool.fetchval("SELECT 1") == 1


@pytest.mark.store
async def test_a_known_statement_is_one_round_trip_with_nothing_sent_at_the_release(database, listen):
    sent = []
    url = database.url("waybill_api")
    port = await listen(proxy_to(url, sent))
    async with open_pool(moved(url, port), 1, "test") as pool:
        await pool.fetchval("SELECT count(*) FROM tasks")
        del sent[:]
        for _ in range(3):
            await pool.fetchval("SELECT count(*) FROM tasks")
        assert len(sent) == 3
        assert not any(b"UNLISTEN" in chunk or b"RESET" in chunk for chunk in sent)


@pytest.mark.store
async def test_the_database_sees_the_name_of_the_application(database):
    async with open_pool(database.url("waybill_api"), 1, "waybill-api") as pool:
        assert await pool.fetchval("SELECT current_setting('application_name')") == "waybill-api"


@pytest.mark.store
async def test_a_statement_that_takes_too_long_is_given_up(database):
    async with open_pool(database.url("waybill_api"), 1, "test", statement_seconds=0.1) as pool:
        with pytest.raises(DatabaseUnavailable):
            await pool.fetchval("SELECT pg_sleep(60)")
        assert await pool.fetchval("SELECT 1") == 1


async def test_a_server_that_never_answers_is_given_up(listen, monkeypatch):
    async def say_nothing(reader, writer):
        await reader.read()
        writer.close()

    port = await listen(say_nothing)
    monkeypatch.setattr(database_module, "CONNECT_SECONDS", 0.1)
    async with open_pool(f"postgresql://nobody@127.0.0.1:{port}/none?sslmode=disable", 1, "test") as pool:
        with pytest.raises(DatabaseUnavailable):
            await asyncio.wait_for(pool.fetchval("SELECT 1"), 10)


@pytest.mark.store
@pytest.mark.parametrize(
    ("role", "statement"),
    [
        ("nobody_knows_this_role", "SELECT 1"),
        ("waybill_api", "SELECT id FROM tasks"),
        ("waybill_api", "SELECT no_such_column FROM pg_class"),
        ("waybill_api", "SELECT passwd FROM pg_authid"),
    ],
)
async def test_a_database_that_is_not_migrated_as_far_is_unavailable_not_broken(empty_database, role, statement):
    async with open_pool(empty_database.url(role), 1, "test") as pool:
        with pytest.raises(DatabaseUnavailable):
            await pool.fetchval(statement)


@pytest.mark.store
async def test_a_database_that_does_not_exist_is_unavailable(database):
    async with open_pool(database.url("waybill_api") + "_not", 1, "test") as pool:
        with pytest.raises(DatabaseUnavailable):
            await pool.fetchval("SELECT 1")


@pytest.mark.parametrize(
    "name",
    ["UniqueViolation", "CheckViolation", "NotNullViolation", "CharacterNotInRepertoire", "UntranslatableCharacter"],
)
def test_a_row_at_fault_is_not_taken_for_a_database_that_is_away(name):
    error = getattr(asyncpg, f"{name}Error")
    assert issubclass(error, RowRefused)
    assert not issubclass(error, DatabaseUnavailable)


PASSING_FAULTS = """
    AdminShutdown CannotConnectNow ConnectionDoesNotExist DeadlockDetected DiskFull IdleInTransactionSessionTimeout
    InvalidPassword LockNotAvailable QueryCanceled ReadOnlySQLTransaction Serialization TooManyConnections
"""


@pytest.mark.parametrize("name", PASSING_FAULTS.split())
def test_a_passing_fault_of_the_server_is_no_rows_fault(name):
    error = getattr(asyncpg, f"{name}Error")
    assert issubclass(error, DatabaseUnavailable)
    assert not issubclass(error, RowRefused)


@pytest.mark.store
@pytest.mark.parametrize(("foreign", "seen_by_the_next"), [(True, ""), (False, "left behind")])
async def test_only_a_pool_that_runs_foreign_code_cleans_its_sessions_up(database, foreign, seen_by_the_next):
    async with open_pool(database.url("waybill_api"), 1, "test", runs_foreign_code=foreign) as pool:
        await pool.execute("SELECT set_config('waybill.note', 'left behind', false)")
        assert await pool.fetchval("SELECT current_setting('waybill.note', true)") == seen_by_the_next


@pytest.mark.store
async def test_a_connection_that_fell_silent_is_given_up_and_holds_no_place_in_the_pool(database, listen):
    """asyncpg before 0.32 waited for its request to cancel for ever, and a heartbeat or a relay with it."""
    server = urlsplit(database.url("waybill_api"))
    flowing = asyncio.Event()
    flowing.set()

    async def pump(reader, writer):
        while chunk := await reader.read(65536):
            await flowing.wait()
            writer.write(chunk)
        writer.close()

    async def answer(reader, writer):
        inner, outer = await asyncio.open_connection(server.hostname, server.port)
        await asyncio.gather(pump(reader, outer), pump(inner, writer), return_exceptions=True)

    async with open_pool(moved(server.geturl(), await listen(answer)), 1, "test") as pool:
        assert await pool.fetchval("SELECT 1") == 1
        flowing.clear()
        asking = asyncio.create_task(pool.fetchval("SELECT 1"))
        done, _ = await asyncio.wait([asking], timeout=10)
        flowing.set()
        assert done
        assert isinstance(asking.exception(), DatabaseUnavailable)
        assert await asyncio.wait_for(pool.fetchval("SELECT 1"), 10) == 1
