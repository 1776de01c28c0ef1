"""`webhook.deliver` and receivers that behave: what they get, and what their answers do."""

import base64
import hashlib
import hmac
import time
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from aiohttp import web
from waybill_contracts.kinds.webhook_deliver_v2 import DeliverWebhookV2
from waybill_processor.bootstrap import open_processor
from waybill_processor.context import TaskContext
from waybill_processor.errors import Permanent, RetryAfter
from waybill_processor.handlers import handler_table, webhook_sender
from waybill_processor.handlers.webhook_answers import NotDelivered
from waybill_processor.handlers.webhook_deliver import WebhookSender
from waybill_processor.settings import ProcessorSettings

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


def answering(status_code: int, **headers: str) -> Answer:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(status=status_code, headers={name.replace("_", "-"): v for name, v in headers.items()})

    return answer


async def test_the_body_is_sent_as_it_is_and_signed_under_the_tasks_id(
    receiver: Callable[..., Any], attempt: TaskContext
) -> None:
    seen: list[tuple[web.Request, bytes]] = []

    async def take(request: web.Request) -> web.Response:
        seen.append((request, await request.read()))
        return web.Response(status=202)

    url = await receiver(take)
    async with webhook_sender("old new", allow_private=True) as webhooks:
        result = await webhooks.deliver(DeliverWebhookV2(url=url, body='{"städte":[1, null]}\n'), attempt)
    (request, body), headers = seen[0], seen[0][0].headers
    assert (result.status_code, result.duration_ms >= 0) == (202, True)
    assert (body.decode(), headers["content-type"]) == ('{"städte":[1, null]}\n', "application/json")
    assert request.path_qs == "/hook?token=hush&signature=hush"
    assert headers["webhook-id"] == str(attempt.task_id)
    assert abs(int(headers["webhook-timestamp"]) - time.time()) < 60
    assert headers["user-agent"].startswith("waybill")
    content = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    assert headers["webhook-signature"].split(" ") == [
        "v1," + base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode() for key in (b"old", b"new")
    ]


async def test_without_a_secret_it_goes_unsigned_and_the_log_says_so_at_start(
    receiver: Callable[..., Any], capsys: pytest.CaptureFixture[str], attempt: TaskContext
) -> None:
    headers: list[Any] = []

    async def take(request: web.Request) -> web.Response:
        headers.append(request.headers)
        return web.Response()

    url = await receiver(take)
    async with webhook_sender("", allow_private=True) as webhooks:
        assert capsys.readouterr().out.count("webhooks.unsigned") == 1
        await webhooks.deliver(DeliverWebhookV2(url=url, body="{}"), attempt)
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
    answer: Answer,
    expected: type[Exception],
    receiver: Callable[..., Any],
    webhooks: WebhookSender,
    attempt: TaskContext,
) -> None:
    url = await receiver(answer)
    with pytest.raises(expected, match=r"^127\.0\.0\.1:\d+ answered \d{3}") as caught:
        await webhooks.deliver(DeliverWebhookV2(url=url, body="hush"), attempt)
    assert "hush" not in str(caught.value)


async def test_a_redirect_is_not_followed(
    receiver: Callable[..., Any], webhooks: WebhookSender, attempt: TaskContext
) -> None:
    reached: list[str] = []

    async def take(request: web.Request) -> web.Response:
        reached.append(request.path)
        return web.Response()

    target = await receiver(take)
    url = await receiver(answering(307, location=target))
    with pytest.raises(Permanent, match="307: redirects are not followed") as caught:
        await webhooks.deliver(DeliverWebhookV2(url=url, body="{}"), attempt)
    assert reached == []
    assert "hush" not in str(caught.value)


async def test_cookies_of_one_receiver_are_not_sent_again(
    receiver: Callable[..., Any], webhooks: WebhookSender, attempt: TaskContext
) -> None:
    cookies: list[Any] = []

    async def take(request: web.Request) -> web.Response:
        cookies.append(request.headers.get("cookie"))
        return web.Response(headers={"set-cookie": "session=1"})

    url = (await receiver(take)).replace("127.0.0.1", "localhost")
    for _ in range(2):
        await webhooks.deliver(DeliverWebhookV2(url=url, body="{}"), attempt)
    assert cookies == [None, None]


@pytest.mark.store
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
