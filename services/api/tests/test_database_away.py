"""The database stops, hangs, breaks connections, comes back: 503 in under a second, and no restart of ours."""

import asyncio
import time

import httpx
import pytest

NOTE = {"title": "a note"}


async def timed(answering):
    began = time.monotonic()
    answer = await answering
    return answer, time.monotonic() - began


def requests_of(client):
    path = "/tasks/0199d1d2-0000-7000-8000-000000000000"
    return [client.post("/tasks", json=NOTE), client.get(path), client.get("/tasks"), client.get("/health/ready")]


async def assert_unavailable_quickly(client):
    for answer, seconds in [await timed(request) for request in requests_of(client)]:
        assert (answer.status_code, seconds < 1) == (503, True), (answer.text, seconds)
        if "problem" in answer.headers["content-type"]:
            assert 1 <= int(answer.headers["retry-after"]) <= 5


async def test_a_database_that_stops_and_starts_is_answered_503_meanwhile_and_served_afterwards(proxy, client_of):
    client = await client_of(proxy.url)
    assert (await client.post("/tasks", json=NOTE)).status_code == 202
    proxy.close()
    await assert_unavailable_quickly(client)
    await proxy.listen()
    statuses = [(await request).status_code for request in requests_of(client)]
    assert statuses == [202, 404, 200, 200]


async def test_the_service_starts_although_the_database_is_away(proxy, start_server, client_of):
    proxy.close()
    client = await client_of(proxy.url)
    await assert_unavailable_quickly(client)
    assert (await client.get("/health/live")).status_code == 200
    await proxy.listen()
    assert (await client.post("/tasks", json=NOTE)).status_code == 202


async def test_a_database_that_cannot_be_connected_to_in_time_is_answered_503_in_under_a_second(proxy, client_of):
    proxy.flowing.clear()
    client = await client_of(proxy.url)
    await assert_unavailable_quickly(client)
    proxy.flowing.set()
    assert (await client.post("/tasks", json=NOTE)).status_code == 202


async def test_a_database_that_falls_silent_in_the_middle_is_given_up_within_three_seconds(proxy, client_of):
    client = await client_of(proxy.url)
    await client.post("/tasks", json=NOTE)
    proxy.flowing.clear()
    answers = await asyncio.gather(*(timed(client.post("/tasks", json=NOTE)) for _ in range(20)))
    assert {answer.status_code for answer, _ in answers} == {503}
    assert max(seconds for _, seconds in answers) < 3
    await assert_unavailable_quickly(client)  # what hung is gone: from here on it is a database that does not connect


async def test_a_connection_that_breaks_while_a_task_is_stored_says_where_to_look_for_it(proxy, client_of):
    client = await client_of(proxy.url)
    await client.post("/tasks", json=NOTE)
    proxy.swallowing.set()  # the statement arrives, its answer never does
    submit = asyncio.create_task(client.post("/tasks", json=NOTE))
    await proxy.swallowed.wait()
    proxy.close()
    answer = await submit
    assert (answer.status_code, answer.json()["type"]) == (503, "urn:waybill:problem:outcome-unknown")
    await proxy.listen()
    assert (await client.get(answer.headers["location"])).status_code == 200


async def test_the_log_says_once_that_the_database_went_and_once_that_it_came_back(proxy, start_server):
    server = await start_server(proxy.url)
    async with httpx.AsyncClient(base_url=server.url) as client:
        await client.get("/tasks")
        proxy.close()
        for _ in range(5):
            await client.get("/tasks")
        await proxy.listen()
        for _ in range(5):
            await client.get("/tasks")
    server.process.terminate()
    _, logged = await server.process.communicate()
    assert (logged.count(b"database.away"), logged.count(b"database.back")) == (1, 1)


async def test_a_table_that_is_locked_is_answered_503_and_nothing_piles_up(database, client_of):
    client = await client_of(database.url("waybill_api"))
    await client.post("/tasks", json=NOTE)
    owner = await database.connect("waybill_owner")
    async with owner.transaction():
        await owner.execute("LOCK TABLE tasks")
        answer, seconds = await timed(client.post("/tasks", json=NOTE))
    assert (answer.status_code, answer.json()["type"]) == (503, "urn:waybill:problem:unavailable")
    assert seconds < 2
    assert (await client.post("/tasks", json=NOTE)).status_code == 202


async def test_a_backend_that_is_terminated_is_replaced(database, client_of):
    client = await client_of(database.url("waybill_api"))
    await client.post("/tasks", json=NOTE)
    superuser = await database.connect("postgres")
    await superuser.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'waybill_api'")
    assert (await client.post("/tasks", json=NOTE)).status_code in (202, 503)
    assert (await client.post("/tasks", json=NOTE)).status_code == 202


async def test_a_database_without_the_schema_is_not_ready_and_answered_503(empty_database, client_of):
    client = await client_of(empty_database.url("waybill_owner"))
    await assert_unavailable_quickly(client)
    assert (await client.get("/health/ready")).json()["degraded"] == ["database"]


async def test_a_full_pool_does_not_starve_the_readiness_check(database, client_of):
    client = await client_of(database.url("waybill_api"))
    await client.get("/health/ready")
    owner = await database.connect("waybill_owner")
    async with owner.transaction():
        await owner.execute("LOCK TABLE outbox")
        submit = asyncio.create_task(client.post("/tasks", json=NOTE))
        answer, seconds = await timed(client.get("/health/ready"))
        assert (answer.json(), seconds < 0.8) == ({"status": "ready", "database": "ok", "degraded": []}, True)
    await submit


@pytest.mark.parametrize("down", [True, False])
async def test_readiness_names_what_is_degraded(proxy, client_of, down):
    client = await client_of(proxy.url)
    if down:
        proxy.close()
    answer = await client.get("/health/ready")
    assert answer.status_code == (503 if down else 200)
    assert answer.json()["degraded"] == (["database"] if down else [])
