"""The services' own parts in this process, as they are wired in production, over a real PostgreSQL."""

import asyncio
import json
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from waybill_api.app import create_app
from waybill_api.edge import with_request_ids
from waybill_api.methods import with_head
from waybill_api.queue import MessageQueue
from waybill_api.relay.publish import PUBLISH_LIMIT, publish_due
from waybill_api.settings import ApiSettings
from waybill_api.store.outbox import Outbox
from waybill_contracts import encode, task_requested
from waybill_processor.bootstrap import open_processor
from waybill_processor.delivery import Delivery
from waybill_processor.handlers import handler_table, webhook_sender
from waybill_processor.settings import ProcessorSettings
from waybill_runtime.database import open_pool

Unit = Callable[[int], Awaitable[None]]
"""Works so many tasks."""
Url = Callable[[str], str]
"""The address of the database for a role."""
NEW_TASKS = """
WITH accepted AS (
    INSERT INTO tasks (id, kind, payload_version, title, payload)
    SELECT gen_random_uuid(), 'note.process', 1, 'a task', '{}' FROM generate_series(1, $1::int) RETURNING id
), announced AS (
    INSERT INTO outbox (task_id, dispatch, reason) SELECT id, 1, 'accept' FROM accepted WHERE $2
)
SELECT id FROM accepted
"""
CLIENTS = 32


@asynccontextmanager
async def accepting(url: Url) -> AsyncGenerator[Unit]:
    """The ASGI application, with no HTTP before it: 32 requests at once."""
    app = create_app(ApiSettings(database_url=url("waybill_api")), None)
    edge: Any = with_request_ids(with_head(app))
    body = json.dumps({"title": "a task", "payload": {"utc_offset_minutes": 60}}).encode()
    headers = [(b"host", b"waybill"), (b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    scope = {
        "type": "http", "asgi": {"version": "3.0", "spec_version": "2.3"}, "http_version": "1.1", "method": "POST",
        "scheme": "http", "path": "/tasks", "raw_path": b"/tasks", "query_string": b"", "root_path": "",
        "headers": headers, "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 2), "app": app,
    }  # fmt: skip

    async def post() -> None:
        statuses: list[int] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: dict[str, Any]) -> None:
            statuses.append(message.get("status", 0))

        await edge({**scope, "headers": list(headers), "state": {}}, receive, send)
        assert statuses[0] == 202

    async def accept(number: int) -> None:
        for _ in range(number // CLIENTS):
            await asyncio.gather(*(post() for _ in range(CLIENTS)))

    async with app.lifespan():
        yield accept


class TakesAll:
    """As `SqsClient`, of a queue that takes every message."""

    async def ask(self, _action: str, _arguments: bytes) -> bytes:
        """The answer to a batch."""
        return b'{"Successful": []}'


@asynccontextmanager
async def publishing(url: Url) -> AsyncGenerator[Unit]:
    """Passes of the relay over full outboxes."""
    queue: Any = MessageQueue(TakesAll(), "http://sqs/queue")  # pyright: ignore[reportArgumentType]
    async with open_pool(url("waybill_relay"), 3, "waybill-relay") as pool:
        outbox = Outbox(pool)

        async def publish(number: int) -> None:
            for _ in range(number // PUBLISH_LIMIT):
                assert await publish_due(outbox, queue) == PUBLISH_LIMIT

        yield publish


@asynccontextmanager
async def working(url: Url, waiting: list[str]) -> AsyncGenerator[Unit]:
    """The core with the real handlers; works these tasks, ten to a batch."""
    settings = ProcessorSettings(database_url=url("waybill_processor"))
    now = datetime.now(UTC)
    numbered = enumerate(waiting)  # which keeps all ids, so that those worked free no memory

    def delivery() -> Delivery:
        number, task_id = next(numbered)
        body = encode(task_requested(UUID(task_id), "note.process", 1, 1, now, None)).decode()
        return Delivery(message_id=f"{number}", receipt_handle=f"{number}", body=body, receive_count=1, sent_at=now)

    async with open_processor(settings, handler_table(webhook_sender("", False)), 4) as processor:

        async def work(number: int) -> None:
            for _ in range(number // 10):
                await processor.process([delivery() for _ in range(10)])

        yield work
