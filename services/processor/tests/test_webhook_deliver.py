"""`webhook.deliver` against real receivers on loopback."""

import asyncio
import base64
import gzip
import hashlib
import hmac
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from waybill_contracts.kinds import DeliverWebhook
from waybill_processor.bootstrap import open_processor
from waybill_processor.context import TaskContext
from waybill_processor.errors import Permanent, RetryAfter
from waybill_processor.handlers import handler_table, webhook_sender
from waybill_processor.handlers.webhook_addresses import anywhere, guarded_connector
from waybill_processor.handlers.webhook_answers import NotDelivered
from waybill_processor.handlers.webhook_deliver import WEBHOOK_POLICY, WebhookSender
from waybill_processor.handlers.webhook_signing import WebhookSigner
from waybill_processor.settings import ProcessorSettings

SECRET_QUERY = "?token=hush&signature=hush"

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


def task_context(task_id: UUID | None = None) -> TaskContext:
    async def no_transaction() -> Any:
        raise AssertionError("the handler needs no transaction")

    return TaskContext(
        task_id=task_id or uuid4(), kind="webhook.deliver", title="t", description=None, attempt=1, max_attempts=8,
        created_at=datetime.now(UTC), open_transaction=no_transaction,
    )  # fmt: skip


@pytest.fixture
async def receiver() -> AsyncIterator[Callable[[Answer], Awaitable[str]]]:
    """Starts a receiver that answers so; gives its URL, which has a query that nobody may repeat."""
    servers: list[TestServer] = []

    async def start(answer: Answer) -> str:
        app = web.Application()
        app.router.add_post("/hook", answer)
        servers.append(TestServer(app))
        await servers[-1].start_server()
        return str(servers[-1].make_url("/hook")) + SECRET_QUERY

    yield start
    for server in servers:
        await server.close()


@pytest.fixture
async def raw_receiver() -> AsyncIterator[Callable[[bytes], Awaitable[str]]]:
    """Starts a receiver that reads a request, writes these bytes whatever they are, and hangs up."""
    servers: list[asyncio.Server] = []

    async def start(answer: bytes) -> str:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(answer)
            writer.close()

        servers.append(await asyncio.start_server(serve, "127.0.0.1", 0))
        return f"http://127.0.0.1:{servers[-1].sockets[0].getsockname()[1]}/hook{SECRET_QUERY}"

    yield start
    for server in servers:
        server.close()
        await server.wait_closed()


@pytest.fixture
async def webhooks() -> AsyncIterator[WebhookSender]:
    async with webhook_sender("", allow_private=True) as sender:
        yield sender


def answering(status_code: int, **headers: str) -> Answer:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(status=status_code, headers={name.replace("_", "-"): v for name, v in headers.items()})

    return answer


async def test_the_body_is_posted_as_json_signed_under_the_tasks_id(receiver: Callable[..., Any]) -> None:
    seen: list[tuple[web.Request, bytes]] = []

    async def take(request: web.Request) -> web.Response:
        seen.append((request, await request.read()))
        return web.Response(status=202)

    task = task_context()
    url = await receiver(take)
    async with webhook_sender("old new", allow_private=True) as webhooks:
        result = await webhooks.deliver(DeliverWebhook(url=url, body={"städte": [1, None, 2.5]}), task)
    (request, body), headers = seen[0], seen[0][0].headers
    assert (result.status_code, result.duration_ms >= 0) == (202, True)
    assert (body.decode(), headers["content-type"]) == ('{"städte":[1,null,2.5]}', "application/json")
    assert request.path_qs == f"/hook{SECRET_QUERY}"
    assert headers["webhook-id"] == str(task.task_id)
    assert abs(int(headers["webhook-timestamp"]) - time.time()) < 60
    assert headers["user-agent"].startswith("waybill")
    content = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    assert headers["webhook-signature"].split(" ") == [
        "v1," + base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode() for key in (b"old", b"new")
    ]


async def test_without_a_secret_it_goes_unsigned_and_the_log_says_so_at_start(
    receiver: Callable[..., Any], capsys: pytest.CaptureFixture[str]
) -> None:
    headers: list[Any] = []

    async def take(request: web.Request) -> web.Response:
        headers.append(request.headers)
        return web.Response()

    url = await receiver(take)
    async with webhook_sender("", allow_private=True) as webhooks:
        assert capsys.readouterr().out.count("webhooks.unsigned") == 1
        await webhooks.deliver(DeliverWebhook(url=url), task_context())
    assert "webhook-id" in headers[0]
    assert "webhook-signature" not in headers[0]


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (answering(404), Permanent),
        (answering(410), Permanent),
        (answering(503), NotDelivered),
        (answering(429, retry_after="7"), RetryAfter),
        (answering(503, retry_after="Wed, 21 Oct 2099 07:28:00 GMT"), RetryAfter),
    ],
)
async def test_an_error_names_host_and_status_and_nothing_of_the_query(
    answer: Answer, expected: type[Exception], receiver: Callable[..., Any], webhooks: WebhookSender
) -> None:
    url = await receiver(answer)
    with pytest.raises(expected, match=r"^127\.0\.0\.1:\d+ answered \d{3}") as caught:
        await webhooks.deliver(DeliverWebhook(url=url, body="hush"), task_context())
    assert "hush" not in str(caught.value)


async def test_a_redirect_is_not_followed(receiver: Callable[..., Any], webhooks: WebhookSender) -> None:
    reached: list[str] = []

    async def take(request: web.Request) -> web.Response:
        reached.append(request.path)
        return web.Response()

    target = await receiver(take)
    url = await receiver(answering(307, location=target))
    with pytest.raises(Permanent, match="307: redirects are not followed") as caught:
        await webhooks.deliver(DeliverWebhook(url=url), task_context())
    assert reached == []
    assert "hush" not in str(caught.value)


async def test_cookies_of_one_receiver_are_not_sent_again(
    receiver: Callable[..., Any], webhooks: WebhookSender
) -> None:
    cookies: list[Any] = []

    async def take(request: web.Request) -> web.Response:
        cookies.append(request.headers.get("cookie"))
        return web.Response(headers={"set-cookie": "session=1"})

    url = (await receiver(take)).replace("127.0.0.1", "localhost")
    for _ in range(2):
        await webhooks.deliver(DeliverWebhook(url=url), task_context())
    assert cookies == [None, None]


async def test_a_receiver_that_does_not_answer_is_given_up_in_time(receiver: Callable[..., Any]) -> None:
    let_go = asyncio.Event()

    async def hang(_: web.Request) -> web.Response:
        await let_go.wait()
        return web.Response()

    url = await receiver(hang)
    timeout = aiohttp.ClientTimeout(total=0.1)
    async with WebhookSender(WebhookSigner(""), lambda: guarded_connector(anywhere), timeout) as webhooks:
        with pytest.raises(NotDelivered, match=r"^127\.0\.0\.1:\d+ did not answer in time$"):
            await webhooks.deliver(DeliverWebhook(url=url), task_context())
    let_go.set()


async def test_the_handlers_own_timeout_comes_before_the_time_limit_of_its_kind(webhooks: WebhookSender) -> None:
    assert (webhooks._timeout.total or 0) < WEBHOOK_POLICY.time_limit_seconds  # pyright: ignore[reportPrivateUsage]


async def test_of_an_endless_answer_only_the_beginning_is_taken(
    receiver: Callable[..., Any], webhooks: WebhookSender, until: Callable[..., Awaitable[Any]]
) -> None:
    written: list[int] = []
    ended = asyncio.Event()

    async def pour(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        try:
            while sum(written) < 1 << 28:
                await response.write(bytes(1 << 16))
                written.append(1 << 16)
        except ConnectionError:
            pass
        finally:
            ended.set()
        return response

    url = await receiver(pour)
    assert (await webhooks.deliver(DeliverWebhook(url=url), task_context())).status_code == 200
    await until(ended.is_set, within_seconds=10)
    assert sum(written) < 1 << 24  # what fits into the sockets' buffers


async def test_a_compressed_answer_is_not_unpacked(raw_receiver: Callable[..., Any], webhooks: WebhookSender) -> None:
    bomb = gzip.compress(bytes(1 << 24))
    head = f"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: {len(bomb)}\r\n\r\n".encode()
    url = await raw_receiver(head + bomb)
    assert (await webhooks.deliver(DeliverWebhook(url=url), task_context())).status_code == 200


@pytest.mark.parametrize(
    "answer",
    [b"", b"HTTP/1.1 200", b"SSH-2.0-OpenSSH_9.2\r\n", b"HTTP/1.1 200 OK\r\nx: " + b"y" * 100_000 + b"\r\n\r\n"],
)
async def test_what_is_no_http_answer_is_tried_again(
    answer: bytes, raw_receiver: Callable[..., Any], webhooks: WebhookSender
) -> None:
    url = await raw_receiver(answer)
    with pytest.raises(NotDelivered, match=r"^127\.0\.0\.1:\d+ ") as caught:
        await webhooks.deliver(DeliverWebhook(url=url), task_context())
    assert "hush" not in str(caught.value)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (("http://127.0.0.1", "https://127.0.0.1"), "did not pass the check of its certificate, or speaks no TLS"),
        (("127.0.0.1", "name.invalid"), "has no address in DNS"),
    ],
)
async def test_a_receiver_that_is_not_reached_is_tried_again(
    change: tuple[str, str], reason: str, receiver: Callable[..., Any], webhooks: WebhookSender
) -> None:
    url = (await receiver(answering(200))).replace(*change)
    with pytest.raises(NotDelivered, match=rf"{reason}$"):
        await webhooks.deliver(DeliverWebhook(url=url), task_context())


async def test_a_refused_connection_is_tried_again(webhooks: WebhookSender) -> None:
    with pytest.raises(NotDelivered, match=r"^127\.0\.0\.1:1 took no connection \(.*\)$"):
        await webhooks.deliver(DeliverWebhook(url=f"http://127.0.0.1:1/{SECRET_QUERY}"), task_context())


@pytest.mark.parametrize(
    "url",
    ["http://a:99999/", "http://[::1/", "ftp://a/", "http:///hook", "//a/hook", "http://a..b/", f"http://{'a' * 70}/",
     "http://user:hush@127.0.0.1/", "http://hush@127.0.0.1/", "http://127.1/"],
)  # fmt: skip
async def test_a_url_that_cannot_be_posted_to_ends_the_task(url: str, webhooks: WebhookSender) -> None:
    with pytest.raises(Permanent) as caught:
        await webhooks.deliver(DeliverWebhook(url=url + SECRET_QUERY), task_context())
    assert "hush" not in str(caught.value)


async def test_a_cancelled_delivery_lets_go_of_the_receiver(
    receiver: Callable[..., Any], webhooks: WebhookSender
) -> None:
    began, let_go = asyncio.Event(), asyncio.Event()

    async def hang(_: web.Request) -> web.Response:
        began.set()
        await let_go.wait()
        return web.Response()

    delivery = asyncio.create_task(webhooks.deliver(DeliverWebhook(url=await receiver(hang)), task_context()))
    await began.wait()
    delivery.cancel()
    with pytest.raises(asyncio.CancelledError):
        await delivery
    let_go.set()


async def test_a_task_of_this_kind_completes_with_the_answer_on_record(
    tasks: Any, deliver: Callable[..., Any], database: Any, receiver: Callable[..., Any], webhooks: WebhookSender
) -> None:
    payload = '{"url": "%s", "body": [1]}' % await receiver(answering(204))
    task_id = await tasks.insert(kind="webhook.deliver", payload=payload)
    settings = ProcessorSettings(database_url=database.url("waybill_processor"))
    async with open_processor(settings, handler_table(webhooks), 1) as processor:
        await processor.process([deliver(task_id, kind="webhook.deliver")])
    row = await tasks.row(task_id)
    assert (row["status"], row["result"]["status_code"]) == ("completed", 204)
