"""The command `waybill-api`: its exits and its one line for each."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

WAYBILL_API = Path(sys.executable).parent / "waybill-api"


def run(**environment):
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("WAYBILL_", "AWS_"))}
    done = subprocess.run([WAYBILL_API], env={**inherited, **environment}, capture_output=True, text=True, timeout=20)
    return done.returncode, done.stderr.splitlines()


DATABASE = {"WAYBILL_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/nothing"}
RELAY = {"WAYBILL_RELAY_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/nothing"}


@pytest.mark.parametrize(
    ("environment", "named"),
    [
        ({}, "WAYBILL_DATABASE_URL"),
        ({"WAYBILL_DATABASE_URL": "mysql://x"}, "WAYBILL_DATABASE_URL"),
        (DATABASE, "WAYBILL_QUEUE_URL"),
        ({**DATABASE, **RELAY, "WAYBILL_QUEUE_URL": "http://127.0.0.1:1/q"}, "AWS_REGION"),
        ({**DATABASE, "WAYBILL_API_PORT": "high"}, "WAYBILL_API_PORT"),
        ({**DATABASE, "WAYBILL_RELAY": "elsewhere"}, "WAYBILL_RELAY"),
    ],
)
def test_bad_settings_are_one_line_that_names_the_variable_and_exit_78(environment, named):
    code, lines = run(**environment)
    assert (code, len(lines)) == (78, 1)
    assert named in lines[0]


def test_a_port_in_use_is_one_line_and_exit_1():
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        code, lines = run(**DATABASE, WAYBILL_RELAY="apart", WAYBILL_API_PORT=str(port))
    assert (code, lines) == (1, [f"port {port} is in use: set WAYBILL_API_PORT or stop the other process"])


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_ends_it_with_exit_0(start_server, database, number):
    server = await start_server(database.url("waybill_api"))
    assert await server.stop(number) == 0


async def test_a_request_under_way_is_answered_before_it_ends(start_server, database, until):
    server = await start_server(database.url("waybill_api"))
    owner = await database.connect("waybill_owner")
    async with httpx.AsyncClient(base_url=server.url) as client:
        await client.post("/tasks", json={"title": "prepares the statement"})
        async with owner.transaction():
            await owner.execute("LOCK TABLE outbox")
            submit = asyncio.create_task(client.post("/tasks", json={"title": "under way"}))
            waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted"
            await until(lambda: owner.fetchval(waiting))
            server.process.send_signal(signal.SIGTERM)
        assert (await submit).status_code == 202
    assert await server.stop() == 0


async def test_neither_a_client_that_stalls_nor_a_database_that_hangs_holds_up_the_end(start_server, proxy):
    server = await start_server(proxy.url)
    head = b"POST /tasks HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{"
    stalled = asyncio.create_task(server.exchange(head))
    async with httpx.AsyncClient(base_url=server.url) as client:
        await client.post("/tasks", json={"title": "opens a connection"})
        proxy.flowing.clear()
    assert await asyncio.wait_for(server.stop(), 10) == 0
    assert (await stalled).startswith(b"HTTP/1.1 503")
    assert b"Traceback" not in await server.process.stderr.read()


async def test_logs_hold_neither_titles_nor_payloads(start_server, database):
    server = await start_server(database.url("waybill_api"), WAYBILL_LOG_LEVEL="debug")
    secret = {"url": "https://example.test/hush-url", "body": "hush-body"}
    async with httpx.AsyncClient(base_url=server.url) as client:
        for body in ({"title": "hush-title"}, {"kind": "webhook.deliver", "payload": secret}, {"hush-field": "hush"}):
            await client.post("/tasks", json=body)
        await client.get("/tasks?kind=hush-query")
    server.process.terminate()
    _, logged = await server.process.communicate()
    assert b"task.accepted" in logged
    assert b"request.answered" in logged
    assert b"hush" not in logged
