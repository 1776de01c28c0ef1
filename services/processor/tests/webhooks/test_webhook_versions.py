"""Both versions of `webhook.deliver` by the one handler: what goes over the wire, and what ends on record."""

import asyncio
import base64
import hashlib
import hmac
import json
import re
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from aiohttp import web
from waybill_contracts import KINDS
from waybill_processor.bootstrap import open_processor
from waybill_processor.context import TaskContext
from waybill_processor.errors import Permanent
from waybill_processor.handlers import handler_table, webhook_sender
from waybill_processor.handlers.webhook_deliver import WEBHOOK_POLICY, WebhookSender
from waybill_processor.settings import ProcessorSettings

REQUEST_OF_VERSION_1 = """\
POST /hook?a=b HTTP/1.1\r
Host: {host}\r
user-agent: waybill-webhooks/1\r
content-type: application/json\r
webhook-id: {id}\r
webhook-timestamp: {timestamp}\r
webhook-signature: v1,{signature}\r
Accept: */*\r
Accept-Encoding: gzip, deflate\r
Content-Length: {length}\r
\r
{body}"""
"""As waybill-processor 0.1.0 sent it. Receivers check signatures over these bytes."""


async def request_of(version: int, payload: dict[str, Any], attempt: TaskContext) -> tuple[str, str]:
    """The host and the whole request that a stored payload of this version makes."""
    received: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = re.search(rb"Content-Length: (\d+)", head)
        received.append(head + await reader.readexactly(int(length[1]) if length else 0))
        writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server, webhook_sender("secret", allow_private=True) as webhooks:
        host = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
        handler = handler_table(webhooks).find("webhook.deliver", version)
        stored = json.dumps({"url": f"http://{host}/hook?a=b", **payload})
        result = await handler.function(msgspec.json.decode(stored, type=handler.payload), attempt)
        assert result.status_code == 204
    return host, received[0].decode()


@pytest.mark.parametrize(
    ("payload", "body"),
    [
        (
            {"body": {"städte": [1, None, 2.5, 1e22, True], "\u2028": "<"}},
            '{"städte":[1,null,2.5,1e22,true],"\u2028":"<"}',
        ),
        ({"body": "text"}, '"text"'),
        ({"body": None}, "null"),
        ({}, "null"),
    ],
)
async def test_version_1_sends_what_it_sent_before_there_was_a_version_2(
    payload: dict[str, Any], body: str, attempt: TaskContext
) -> None:
    host, request = await request_of(1, payload, attempt)
    timestamp = re.findall(r"webhook-timestamp: (\d+)\r", request)[0]
    signed = f"{attempt.task_id}.{timestamp}.{body}".encode()
    assert request == REQUEST_OF_VERSION_1.format(
        host=host,
        id=attempt.task_id,
        timestamp=timestamp,
        signature=base64.b64encode(hmac.digest(b"secret", signed, hashlib.sha256)).decode(),
        length=len(body.encode()),
        body=body,
    )


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
async def test_version_2_sends_method_headers_and_text_as_given(method: str, attempt: TaskContext) -> None:
    headers = {"authorization": "Bearer a.b", "x-event": "order.paid", "accept": "text/plain", "x-empty": ""}
    text = '{"a" : 1.0,\r\n "ü": "\\u00fc"}\n'
    payload = {"method": method, "content_type": "text/plain; charset=utf-8", "headers": headers, "body": text}
    _, request = await request_of(2, payload, attempt)
    head, _, body = request.partition("\r\n\r\n")
    first, *lines = head.split("\r\n")
    assert (first, body) == (f"{method} /hook?a=b HTTP/1.1", text)
    sent = [tuple(line.lower().split(": ", 1)) if ": " in line else (line.rstrip(":"), "") for line in lines]
    assert len({name for name, _ in sent}) == len(sent), "no header twice"
    assert {**dict(sent), **{k: v.lower() for k, v in headers.items()}} == dict(sent)
    assert dict(sent)["content-type"] == "text/plain; charset=utf-8"
    signed = f"{attempt.task_id}.{dict(sent)['webhook-timestamp']}.{text}".encode()
    signature = base64.b64encode(hmac.digest(b"secret", signed, hashlib.sha256)).decode()
    assert f"webhook-signature: v1,{signature}" in lines


async def test_an_empty_body_is_sent_and_signed_as_nothing(attempt: TaskContext) -> None:
    _, request = await request_of(2, {"body": ""}, attempt)
    assert request.endswith("Content-Length: 0\r\n\r\n")
    assert "webhook-signature: v1," in request


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
async def test_no_method_follows_a_redirect(
    method: str, receiver: Callable[..., Any], webhooks: WebhookSender, attempt: TaskContext
) -> None:
    reached: list[str] = []

    async def redirect(request: web.Request) -> web.Response:
        reached.append(request.method)
        return web.Response(status=308, headers={"location": str(request.url)})

    handler = handler_table(webhooks).find("webhook.deliver", 2)
    payload = msgspec.convert({"url": await receiver(redirect), "body": "", "method": method}, handler.payload)
    with pytest.raises(Permanent, match="308: redirects are not followed"):
        await handler.function(payload, attempt)
    assert reached == [method]


def test_both_versions_are_worked_by_one_policy_and_promise_one_result() -> None:
    table = handler_table(webhook_sender("", allow_private=False))
    lines = [table.find("webhook.deliver", version) for version in KINDS.versions("webhook.deliver")]
    assert [line.payload.version for line in lines] == [1, 2]
    assert [line.policy for line in lines] == [WEBHOOK_POLICY] * 2
    assert all(line.is_async for line in lines)


@pytest.mark.store
async def test_tasks_of_both_versions_complete_side_by_side(
    tasks: Any, deliver: Callable[..., Any], database: Any, receiver: Callable[..., Any], webhooks: WebhookSender
) -> None:
    bodies: list[str] = []

    async def take(request: web.Request) -> web.Response:
        bodies.append(await request.text())
        return web.Response(status=204)

    url = await receiver(take)
    payloads = {1: {"url": url, "body": [1, 2]}, 2: {"url": url, "body": "[1, 2]"}}
    task_ids = [
        await tasks.insert(kind="webhook.deliver", payload_version=version, payload=json.dumps(payload))
        for version, payload in payloads.items()
    ]
    settings = ProcessorSettings(database_url=database.url("waybill_processor"))
    async with open_processor(settings, handler_table(webhooks), 1) as processor:
        await processor.process(
            [deliver(task_id, kind="webhook.deliver", version=v) for v, task_id in enumerate(task_ids, start=1)]
        )
    rows = [await tasks.row(task_id) for task_id in task_ids]
    assert [(row["status"], row["result"]["status_code"]) for row in rows] == [("completed", 204)] * 2
    assert [row["payload"] for row in rows] == list(payloads.values()), "what was submitted stays"
    assert sorted(bodies) == ["[1, 2]", "[1,2]"]
