"""`webhook.deliver` and receivers that are slow, broken, hostile or not there."""

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
import pytest
import trustme
from aiohttp import web
from waybill_contracts.kinds.webhook_deliver_v2 import DeliverWebhookV2
from waybill_processor.context import TaskContext
from waybill_processor.errors import Permanent
from waybill_processor.handlers.webhook_addresses import anywhere, guarded_connector
from waybill_processor.handlers.webhook_answers import NotDelivered
from waybill_processor.handlers.webhook_client import TIMEOUT, WebhookClient
from waybill_processor.handlers.webhook_deliver import WEBHOOK_POLICY, WebhookSender
from waybill_processor.handlers.webhook_signing import WebhookSigner


async def ok(_: web.Request) -> web.Response:
    return web.Response()


async def test_a_receiver_that_does_not_answer_is_given_up_in_time(
    receiver: Callable[..., Any], attempt: TaskContext
) -> None:
    let_go = asyncio.Event()

    async def hang(_: web.Request) -> web.Response:
        await let_go.wait()
        return web.Response()

    url = await receiver(hang)
    timeout = aiohttp.ClientTimeout(total=0.1)
    client = WebhookClient(guarded_connector(anywhere), timeout)
    async with WebhookSender(WebhookSigner(""), lambda: client) as webhooks:
        with pytest.raises(NotDelivered, match=r"^127\.0\.0\.1:\d+ did not answer in time$"):
            await webhooks.deliver(DeliverWebhookV2(url=url, body="{}"), attempt)
    let_go.set()


def test_the_handlers_own_timeout_comes_before_the_time_limit_of_its_kind() -> None:
    assert (TIMEOUT.total or 0) + 2 < WEBHOOK_POLICY.time_limit_seconds


async def test_of_an_endless_answer_only_the_beginning_is_taken(
    receiver: Callable[..., Any], webhooks: WebhookSender, until: Callable[..., Awaitable[Any]], attempt: TaskContext
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
    assert (await webhooks.deliver(DeliverWebhookV2(url=url, body="{}"), attempt)).status_code == 200
    await until(ended.is_set, within_seconds=10)
    assert sum(written) < 1 << 24  # what fits into the sockets' buffers


@pytest.mark.parametrize(
    "answer",
    [b"", b"HTTP/1.1 200", b"SSH-2.0-OpenSSH_9.2\r\n", b"HTTP/1.1 200 OK\r\nx: " + b"y" * 100_000 + b"\r\n\r\n"],
)
async def test_what_is_no_http_answer_is_tried_again(
    answer: bytes, raw_receiver: Callable[..., Any], webhooks: WebhookSender, attempt: TaskContext
) -> None:
    url = await raw_receiver(answer)
    with pytest.raises(NotDelivered, match=r"^127\.0\.0\.1:\d+ ") as caught:
        await webhooks.deliver(DeliverWebhookV2(url=url, body="{}"), attempt)
    assert "hush" not in str(caught.value)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (("http://127.0.0.1", "https://127.0.0.1"), "did not pass the check of its certificate, or speaks no TLS"),
        (("127.0.0.1", "name.invalid"), "has no address in DNS"),
    ],
)
async def test_a_receiver_that_is_not_reached_is_tried_again(
    change: tuple[str, str], reason: str, receiver: Callable[..., Any], webhooks: WebhookSender, attempt: TaskContext
) -> None:
    url = (await receiver(ok)).replace(*change)
    with pytest.raises(NotDelivered, match=rf"{reason}$"):
        await webhooks.deliver(DeliverWebhookV2(url=url, body="{}"), attempt)


async def test_a_certificate_that_is_not_trusted_is_tried_again_for_it_may_be_renewed(
    webhooks: WebhookSender, attempt: TaskContext
) -> None:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    trustme.CA().issue_cert("localhost").configure_cert(context)
    server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0, ssl=context)
    async with server:
        url = f"https://localhost:{server.sockets[0].getsockname()[1]}/?token=hush"
        with pytest.raises(NotDelivered, match=r"^localhost:\d+ did not pass the check of its certificate"):
            await webhooks.deliver(DeliverWebhookV2(url=url, body="{}"), attempt)


async def test_a_refused_connection_is_tried_again(webhooks: WebhookSender, attempt: TaskContext) -> None:
    with pytest.raises(NotDelivered, match=r"^127\.0\.0\.1:1 took no connection \(.*\)$"):
        await webhooks.deliver(DeliverWebhookV2(url="http://127.0.0.1:1/?token=hush", body="{}"), attempt)


@pytest.mark.parametrize(
    "url",
    ["http://a:99999/", "http://[::1/", "ftp://a/", "http:///hook", "//a/hook", "http://a..b/", f"http://{'a' * 70}/",
     "http://user:hush@127.0.0.1/", "http://hush@127.0.0.1/", "http://127.1/"],
)  # fmt: skip
async def test_a_url_that_cannot_be_posted_to_ends_the_task(
    url: str, webhooks: WebhookSender, attempt: TaskContext
) -> None:
    with pytest.raises(Permanent) as caught:
        await webhooks.deliver(DeliverWebhookV2(url=url + "?token=hush", body="{}"), attempt)
    assert "hush" not in str(caught.value)


async def test_a_cancelled_delivery_lets_go_of_the_receiver(
    receiver: Callable[..., Any], webhooks: WebhookSender, attempt: TaskContext
) -> None:
    began, let_go = asyncio.Event(), asyncio.Event()

    async def hang(_: web.Request) -> web.Response:
        began.set()
        await let_go.wait()
        return web.Response()

    delivery = asyncio.create_task(webhooks.deliver(DeliverWebhookV2(url=await receiver(hang), body="{}"), attempt))
    await began.wait()
    delivery.cancel()
    with pytest.raises(asyncio.CancelledError):
        await delivery
    let_go.set()


async def test_an_answer_before_the_request_was_read_counts(
    raw_receiver: Callable[..., Any], webhooks: WebhookSender, attempt: TaskContext
) -> None:
    url = await raw_receiver(b"HTTP/1.1 503 Busy\r\ncontent-length: 0\r\n\r\n")
    with pytest.raises(NotDelivered, match=r"answered 503$|broke the connection$"):
        await webhooks.deliver(DeliverWebhookV2(url=url, body="x" * 1_000_000), attempt)
