"""Receivers on loopback, a sender that may reach them, and an attempt to deliver for."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from waybill_processor.context import TaskContext
from waybill_processor.handlers import webhook_sender
from waybill_processor.handlers.webhook_deliver import WebhookSender

SECRET_QUERY = "?token=hush&signature=hush"

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


@pytest.fixture
def attempt() -> TaskContext:
    async def no_transaction() -> Any:
        raise AssertionError("the handler needs no transaction")

    return TaskContext(
        task_id=uuid4(), kind="webhook.deliver", title="t", description=None, attempt=1, max_attempts=8,
        created_at=datetime.now(UTC), open_transaction=no_transaction,
    )  # fmt: skip


@pytest.fixture
async def receiver() -> AsyncIterator[Callable[[Answer], Awaitable[str]]]:
    """Starts a receiver that answers so; gives its URL, which has a query that nobody may repeat."""
    servers: list[TestServer] = []

    async def start(answer: Answer) -> str:
        app = web.Application()
        app.router.add_route("*", "/hook", answer)
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
