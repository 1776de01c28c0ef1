"""What goes over the wire to PostgreSQL, counted by a proxy in between (fixture `wire`)."""

import asyncio

SYNC, BIND, EXECUTE = b"S", b"B", b"E"


async def test_a_submit_in_steady_state_is_one_round_trip(wire, client_of):
    url, sent = await wire("waybill_api")
    client = await client_of(url)
    await client.post("/tasks", json={"title": "prepares the statement"})
    sent.clear()
    for n in range(5):
        await client.post("/tasks", json={"title": f"note {n}"})
    assert sent == {BIND: 5, EXECUTE: 5, SYNC: 5}


async def test_concurrent_submits_share_their_round_trips(wire, client_of):
    url, sent = await wire("waybill_api")
    client = await client_of(url)
    await client.post("/tasks", json={"title": "prepares the statement"})
    sent.clear()
    await asyncio.gather(*(client.post("/tasks", json={"title": f"note {n}"}) for n in range(100)))
    assert sent[SYNC] == sent[BIND] <= 20
    assert set(sent) == {BIND, EXECUTE, SYNC}


async def test_reading_a_task_in_steady_state_is_one_round_trip(wire, client_of):
    url, sent = await wire("waybill_api")
    client = await client_of(url)
    location = (await client.post("/tasks", json={"title": "a note"})).headers["location"]
    await client.get(location)
    sent.clear()
    await client.get(location)
    assert sent == {BIND: 1, EXECUTE: 1, SYNC: 1}
