"""The API with its relay inside, over a real database and a real queue."""

import signal

import httpx
import pytest
from waybill_contracts import decode


@pytest.fixture
def relay_environment(database, queues):
    return {
        "WAYBILL_RELAY": "inside",
        "WAYBILL_RELAY_DATABASE_URL": database.url("waybill_relay"),
        "WAYBILL_QUEUE_URL": queues.url,
        "WAYBILL_RELAY_POLL_SECONDS": "600",
    }


async def test_an_accept_wakes_the_relay_that_would_poll_in_ten_minutes(
    start_server, database, relay_environment, queues, sqs
):
    server = await start_server(database.url("waybill_api"), **relay_environment)
    async with httpx.AsyncClient(base_url=server.url) as client:
        submitted = [(await client.post("/tasks", json={"title": f"note {n}"})).json()["id"] for n in range(3)]
    received = set()
    while len(received) < 3:
        answer = await sqs.receive_message(QueueUrl=queues.url, MaxNumberOfMessages=10, WaitTimeSeconds=5)
        assert answer.get("Messages"), "no message within 5 s"
        received |= {str(decode(message["Body"]).data.task_id) for message in answer["Messages"]}
    assert received == set(submitted)
    assert await server.stop(signal.SIGTERM) == 0


async def test_a_queue_that_is_away_fails_no_submit_and_is_named_by_the_readiness_check(
    start_server, database, relay_environment, until
):
    away = {**relay_environment, "AWS_ENDPOINT_URL": "http://127.0.0.1:1", "WAYBILL_QUEUE_URL": "http://127.0.0.1:1/q"}
    server = await start_server(database.url("waybill_api"), **away)
    async with httpx.AsyncClient(base_url=server.url) as client:
        assert (await client.post("/tasks", json={"title": "a note"})).status_code == 202

        async def degraded():
            answer = await client.get("/health/ready")
            assert answer.status_code == 200
            return answer.json()["degraded"] == ["queue"]

        await until(degraded, within_seconds=10)
    assert await server.stop(signal.SIGTERM) == 0
