"""The outermost layer: a request id on every answer, a line for each request in the debug log."""

import asyncio
import re
import time
from random import getrandbits
from typing import Any

import msgspec
import structlog
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from .errors import Unavailable
from .problems import MEDIA_TYPE, describe_problem, instance_of

_SANE_ID = re.compile(rb"[A-Za-z0-9._\-]{1,64}")

log = structlog.get_logger()


def with_request_ids(app: ASGIApp) -> ASGIApp:
    """Wrap an app: `X-Request-Id` of the client is taken if it is sane, else one is made."""

    async def edge(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await app(scope, receive, send)
            return
        request_id = _request_id(scope)
        scope.setdefault("state", {})["request_id"] = request_id
        began = time.perf_counter()
        started = False

        async def stamp(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                message["headers"] = [*message["headers"], (b"x-request-id", request_id.encode())]
                _log(scope, message["status"], began, request_id)
            await send(message)

        try:
            await app(scope, receive, stamp)
        except asyncio.CancelledError:  # the server stops, and has waited for this request long enough
            if not started:
                await _answer_stopping(scope, stamp)

    return edge


async def _answer_stopping(scope: Any, send: Send) -> None:
    stopping = Unavailable("the service is stopping; it is not known how far this request came")
    body = msgspec.json.encode(describe_problem(stopping, instance_of(scope), scope["state"]["request_id"]))
    headers = {**stopping.headers, "content-type": MEDIA_TYPE, "content-length": str(len(body)), "connection": "close"}
    encoded = [(name.encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": stopping.status, "headers": encoded})
    await send({"type": "http.response.body", "body": body, "more_body": False})


def _request_id(scope: Any) -> str:
    given = [value for name, value in scope["headers"] if name == b"x-request-id"]
    return given[0].decode() if len(given) == 1 and _SANE_ID.fullmatch(given[0]) else f"{getrandbits(128):032x}"


def _log(scope: Any, status: int, began: float, request_id: str) -> None:
    if log.is_enabled_for(10):
        milliseconds = round((time.perf_counter() - began) * 1000, 1)
        path = scope["raw_path"].decode("ascii", "replace")[:512]
        log.debug(
            "request.answered", method=scope["method"], path=path, status=status, ms=milliseconds, request_id=request_id
        )
